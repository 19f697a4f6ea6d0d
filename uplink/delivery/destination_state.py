"""The state of a destination between attempts, kept across restarts."""

import sqlite3
from dataclasses import dataclass, replace
from random import Random

from uplink.delivery.retry import MAX_RETRY_AFTER, CircuitBreaker, pause_after_failure
from uplink.errors import Blocked, DeliveryError, Later


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationState:
    """The state of one destination; the default is one without trouble."""

    name: str
    failures: int = 0  # transient, in a row
    held: bool = False  # it refuses us, whatever we send
    due: float = 0.0  # not asked again before
    reason: str = ""  # why not, in words; empty when all is well

    @property
    def breaker(self) -> CircuitBreaker:
        return CircuitBreaker(failures=self.failures)

    @property
    def needs_trial(self) -> bool:
        """True if the next attempt is a trial with one small event."""
        return self.breaker.is_open or self.held

    def remaining_pause(self, now: float) -> float:
        """Seconds until the next attempt. A `due` beyond any pause means that the clock was set back."""
        left = self.due - now
        return left if 0 < left <= 2 * MAX_RETRY_AFTER else 0.0

    def after_attempt(self, why: DeliveryError | None, now: float, dice: Random) -> "DestinationState":
        """Return the state after an attempt that ended with `why`; None is a receipt."""
        breaker = self.breaker.after_attempt(why)
        if isinstance(why, Later | Blocked):
            due = now + pause_after_failure(why, max(1, breaker.failures), dice)
            held = isinstance(why, Blocked)
            return replace(self, failures=breaker.failures, held=held, due=due, reason=why.reason)
        return DestinationState(name=self.name)


def load_destination(tx: sqlite3.Connection, name: str) -> DestinationState:
    """Load the state of `name`; a fresh one if nothing is saved."""
    row = tx.execute("SELECT * FROM outbox_destination WHERE name = ?", (name,)).fetchone()
    return DestinationState(name=name) if row is None else destination_from_row(row)


def destination_from_row(row: sqlite3.Row) -> DestinationState:
    """Read one row of outbox_destination."""
    return DestinationState(
        name=row["name"],
        failures=row["failures"],
        held=bool(row["blocked"]),
        due=row["due"],
        reason=row["reason"],
    )


def save_destination(tx: sqlite3.Connection, here: DestinationState) -> None:
    """Save the state of a destination."""
    tx.execute(
        "INSERT OR REPLACE INTO outbox_destination VALUES (?, ?, ?, ?, ?)",
        (here.name, here.failures, here.held, here.due, here.reason),
    )
