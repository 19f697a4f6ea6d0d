"""The state of a destination between attempts, kept across restarts."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from uplink.delivery.retry import MAX_RETRY_AFTER, CircuitBreaker, pause_after_failure
from uplink.errors import Blocked, DeliveryError, Later, Refused, RefusesEverything
from uplink.outbox.envelope import Lane

TRIAL_LANES = (Lane.HEARTBEAT, Lane.TICKETS, Lane.METERS, Lane.DIAGNOSTICS)
REFUSALS_TO_HOLD = 3  # of single events in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationState:
    """The state of one destination; the default is one without trouble."""

    name: str
    failures: int = 0  # transient, in a row
    held: bool = False  # it refuses us, whatever we send
    refusals: int = 0  # of single events in a row, with none taken since
    due: float = 0.0  # not asked again before
    reason: str = ""  # why not, in words; empty when all is well

    @property
    def breaker(self) -> CircuitBreaker:
        return CircuitBreaker(failures=self.failures)

    @property
    def needs_trial(self) -> bool:
        """True if the next attempt is a trial with one small event."""
        return self.breaker.is_open or self.held

    @property
    def trial_lanes(self) -> Sequence[Lane]:
        """The lanes in the order in which the next attempt looks at them.

        While everything is refused, every second trial is a heartbeat if there is one: it may be taken where
        tickets are not.
        """
        return TRIAL_LANES if self.held and self.refusals % 2 else tuple(Lane)

    def remaining_pause(self, now: float) -> float:
        """Seconds until the next attempt. A `due` beyond any pause means that the clock was set back."""
        left = self.due - now
        return left if 0 < left <= 2 * MAX_RETRY_AFTER else 0.0

    def after_attempt(self, why: DeliveryError | None, now: float, dice: Random) -> "DestinationState":
        """Return the state after an attempt that ended with `why`; None is a receipt that took an event."""
        if isinstance(why, Refused):  # an answer, so the breaker closes
            return replace(self, failures=0, due=0.0, reason=self.reason if self.held else "")
        breaker = self.breaker.after_attempt(why)
        if isinstance(why, Later | Blocked):
            due = now + pause_after_failure(why, max(1, breaker.failures), dice)
            held = isinstance(why, Blocked)
            return replace(self, failures=breaker.failures, held=held, due=due, reason=why.reason)
        return DestinationState(name=self.name)

    def count_refusal(self, why: DeliveryError) -> tuple["DestinationState", DeliveryError]:
        """Return the state after the refusal of a single event, and the error that it amounts to."""
        counted = replace(self, refusals=self.refusals + 1)
        if counted.refusals < REFUSALS_TO_HOLD:
            return counted, why
        return counted, RefusesEverything(f"refuses every event: {why.reason}")


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
        refusals=row["refusals"],
        due=row["due"],
        reason=row["reason"],
    )


def save_destination(tx: sqlite3.Connection, here: DestinationState) -> None:
    """Save the state of a destination."""
    tx.execute(
        "INSERT OR REPLACE INTO outbox_destination (name, failures, blocked, refusals, due, reason) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (here.name, here.failures, here.held, here.refusals, here.due, here.reason),
    )
