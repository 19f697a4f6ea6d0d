"""What is remembered of a destination between attempts, also across restarts."""

import sqlite3
from dataclasses import dataclass, replace
from random import Random

from uplink.delivery.retry import LONGEST_FLOOR, Breaker, pause
from uplink.errors import DeliveryError, Held, Later


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """How it stands with one receiver. A fresh one is well."""

    name: str
    failures: int = 0  # transient, in a row
    held: bool = False  # it refuses us, whatever we send
    due: float = 0.0  # not asked again before
    reason: str = ""  # why not, in words; empty when all is well

    @property
    def breaker(self) -> Breaker:
        return Breaker(failures=self.failures)

    @property
    def careful(self) -> bool:
        """Whether the next attempt is a trial with one small event."""
        return self.breaker.open or self.held

    def wait(self, now: float) -> float:
        """Seconds until it may be asked again. A `due` beyond any pause is a clock that was set back."""
        left = self.due - now
        return left if 0 < left <= 2 * LONGEST_FLOOR else 0.0

    def after(self, why: DeliveryError | None, now: float, dice: Random) -> "Destination":
        """How it stands after an attempt that ended with `why`; None, or a refusal, is an answer."""
        breaker = self.breaker.after(why)
        if isinstance(why, Later | Held):
            due = now + pause(why, max(1, breaker.failures), dice)
            held = isinstance(why, Held)
            return replace(self, failures=breaker.failures, held=held, due=due, reason=why.reason)
        return Destination(name=self.name)


def load(tx: sqlite3.Connection, name: str) -> Destination:
    """What is remembered of `name`; a fresh record if nothing is."""
    row = tx.execute("SELECT * FROM outbox_destination WHERE name = ?", (name,)).fetchone()
    return Destination(name=name) if row is None else of(row)


def of(row: sqlite3.Row) -> Destination:
    """The record of one row of outbox_destination."""
    return Destination(
        name=row["name"],
        failures=row["failures"],
        held=bool(row["blocked"]),
        due=row["due"],
        reason=row["reason"],
    )


def save(tx: sqlite3.Connection, here: Destination) -> None:
    """Remember it."""
    tx.execute(
        "INSERT OR REPLACE INTO outbox_destination VALUES (?, ?, ?, ?, ?)",
        (here.name, here.failures, here.held, here.due, here.reason),
    )
