"""The provider's state between two requests: its capabilities, and how far its feedback was read."""

import sqlite3
from dataclasses import dataclass, field

from uplink.interfaces import QueryableTarget, Target
from uplink.provider.capabilities import ALL_CAPABILITIES, Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """A provider as it is known here. One that was never asked is taken for one of the first hour."""

    name: str
    takes: Capabilities = field(default_factory=Capabilities)
    asked: float = 0.0  # when it last said what it takes, or that it does not say
    after: int = 0  # the last word of its desk that was heard
    trouble: str = ""  # why its desk was not heard; empty when all is well


def load_provider(tx: sqlite3.Connection, name: str) -> ProviderState:
    """What is remembered of `name`."""
    row = tx.execute("SELECT * FROM outbox_provider WHERE name = ?", (name,)).fetchone()
    return ProviderState(name=name) if row is None else _provider_from_row(row)


def save_provider(tx: sqlite3.Connection, known: ProviderState) -> None:
    """Remember it."""
    tx.execute(
        "INSERT OR REPLACE INTO outbox_provider VALUES (?, ?, ?, ?, ?)",
        (known.name, known.takes.to_json(), known.asked, known.after, known.trouble),
    )


def load_capabilities(tx: sqlite3.Connection, target: Target | None) -> Capabilities:
    """What may be queued for `target`.

    A target that answers requests: what it said last. One that cannot be asked, such as a folder, takes
    everything. Without a target, the least that every provider takes.
    """
    if target is None:
        return Capabilities()
    return load_provider(tx, target.name).takes if isinstance(target, QueryableTarget) else ALL_CAPABILITIES


def list_providers(db: sqlite3.Connection) -> list[ProviderState]:
    """All that were ever asked."""
    return [_provider_from_row(row) for row in db.execute("SELECT * FROM outbox_provider ORDER BY name")]


def _provider_from_row(row: sqlite3.Row) -> ProviderState:
    return ProviderState(
        name=row["name"],
        takes=Capabilities.from_json(row["capabilities"]),
        asked=row["asked_at"],
        after=row["feedback_cursor"],
        trouble=row["feedback_error"],
    )
