"""What is remembered of a destination between attempts, also across restarts."""

import sqlite3
from dataclasses import dataclass, replace
from random import Random

from uplink.delivery.retry import MAX_RETRY_AFTER, CircuitBreaker, pause_after_failure
from uplink.errors import Blocked, DeliveryError, Later


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationState:
    """How it stands with one receiver. A fresh one is well."""

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
        """Whether the next attempt is a trial with one small event."""
        return self.breaker.is_open or self.held

    def remaining_pause(self, now: float) -> float:
        """Seconds until it may be asked again. A `due` beyond any pause is a clock that was set back."""
        left = self.due - now
        return left if 0 < left <= 2 * MAX_RETRY_AFTER else 0.0

    def after_attempt(self, why: DeliveryError | None, now: float, dice: Random) -> "DestinationState":
        """How it stands after an attempt that ended with `why`; None, or a refusal, is an answer."""
        breaker = self.breaker.after_attempt(why)
        if isinstance(why, Later | Blocked):
            due = now + pause_after_failure(why, max(1, breaker.failures), dice)
            held = isinstance(why, Blocked)
            return replace(self, failures=breaker.failures, held=held, due=due, reason=why.reason)
        return DestinationState(name=self.name)


def load_destination(tx: sqlite3.Connection, name: str) -> DestinationState:
    """What is remembered of `name`; a fresh record if nothing is."""
    row = tx.execute("SELECT * FROM outbox_destination WHERE name = ?", (name,)).fetchone()
    return DestinationState(name=name) if row is None else destination_from_row(row)


def destination_from_row(row: sqlite3.Row) -> DestinationState:
    """The record of one row of outbox_destination."""
    return DestinationState(
        name=row["name"],
        failures=row["failures"],
        held=bool(row["blocked"]),
        due=row["due"],
        reason=row["reason"],
    )


def save_destination(tx: sqlite3.Connection, here: DestinationState) -> None:
    """Remember it."""
    tx.execute(
        "INSERT OR REPLACE INTO outbox_destination VALUES (?, ?, ?, ?, ?)",
        (here.name, here.failures, here.held, here.due, here.reason),
    )
