"""The claims of rules on a ticket: each rule that found its fault, in the words of that rule."""

import sqlite3
from dataclasses import dataclass

from agent.core.model import Change, Impact

_SEVERITY_ORDER = ("critical", "high", "normal", "plan", "info")
_IMPACT_ORDER = tuple(
    Impact(word) for word in ("device_down", "degraded", "predicted", "supply", "billing", "customer_fixable")
)


@dataclass(frozen=True, slots=True, order=True)
class TicketClaim:
    """One rule's claim on a ticket; the least in order speaks for it."""

    gravity: tuple[int, int]
    since: float
    rule: str
    subject: str
    impact: Impact
    severity: str
    title: str

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "TicketClaim":
        impact = Impact(row["impact"])
        gravity = (_IMPACT_ORDER.index(impact), _SEVERITY_ORDER.index(row["severity"]))
        return cls(gravity, row["since"], row["rule"], row["subject"], impact, row["severity"], row["title"])


def add_claim(tx: sqlite3.Connection, ticket: str, change: Change) -> None:
    """A rule claims the ticket, unless it does already."""
    tx.execute(
        "INSERT INTO ticket_claim VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (ticket, change.rule, change.subject, change.at, change.impact, change.severity, change.title),
    )


def remove_claim(tx: sqlite3.Connection, ticket: str, change: Change) -> bool:
    """Remove a rule's claim. Return whether it had one."""
    gone = tx.execute(
        "DELETE FROM ticket_claim WHERE ticket = ? AND rule = ? AND subject = ?",
        (ticket, change.rule, change.subject),
    )
    return bool(gone.rowcount)


def revise_claim(tx: sqlite3.Connection, ticket: str, change: Change) -> bool:
    """Give the claim of a rule, or of the rule in whose place it came, the words of the change.

    Return whether there was one.
    """
    revised = tx.execute(
        "UPDATE OR REPLACE ticket_claim SET rule = ?, impact = ?, severity = ?, title = ? "
        "WHERE ticket = ? AND rule = ? AND subject = ?",
        (change.rule, change.impact, change.severity, change.title, ticket, change.former_rule,
         change.subject),
    )  # fmt: skip
    return bool(revised.rowcount)


def leading_claim(tx: sqlite3.Connection, ticket: str) -> TicketClaim | None:
    """The gravest of those that hold the ticket; of several, the one that has held it longest."""
    rows = tx.execute("SELECT * FROM ticket_claim WHERE ticket = ?", (ticket,))
    return min(map(TicketClaim.from_row, rows), default=None)
