"""The provider's state between two requests: its capabilities, and how far its feedback was read."""

import sqlite3
from dataclasses import dataclass, field

from uplink.interfaces import QueryableTarget, Target
from uplink.provider.capabilities import ALL_CAPABILITIES, Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """The saved state of a provider; the default is one that was never polled."""

    name: str
    takes: Capabilities = field(default_factory=Capabilities)
    asked: float = 0.0  # when its capabilities were last pulled
    after: int = 0  # number of the last feedback entry pulled
    trouble: str = ""  # why feedback could not be pulled; empty when all is well


def load_provider(tx: sqlite3.Connection, name: str) -> ProviderState:
    """Load the state of `name`; a fresh one if nothing is saved."""
    row = tx.execute("SELECT * FROM outbox_provider WHERE name = ?", (name,)).fetchone()
    return ProviderState(name=name) if row is None else _provider_from_row(row)


def save_provider(tx: sqlite3.Connection, known: ProviderState) -> None:
    """Save the state of a provider."""
    tx.execute(
        "INSERT OR REPLACE INTO outbox_provider VALUES (?, ?, ?, ?, ?)",
        (known.name, known.takes.to_json(), known.asked, known.after, known.trouble),
    )


def load_capabilities(tx: sqlite3.Connection, target: Target | None) -> Capabilities:
    """Load the capabilities of `target`.

    Of a target that answers requests: the last ones announced. One that cannot be asked, such as a folder,
    takes everything. Without a target: the least that every provider takes.
    """
    if target is None:
        return Capabilities()
    return load_provider(tx, target.name).takes if isinstance(target, QueryableTarget) else ALL_CAPABILITIES


def list_providers(db: sqlite3.Connection) -> list[ProviderState]:
    """List every provider that was ever polled."""
    return [_provider_from_row(row) for row in db.execute("SELECT * FROM outbox_provider ORDER BY name")]


def _provider_from_row(row: sqlite3.Row) -> ProviderState:
    return ProviderState(
        name=row["name"],
        takes=Capabilities.from_json(row["capabilities"]),
        asked=row["asked_at"],
        after=row["feedback_cursor"],
        trouble=row["feedback_error"],
    )
