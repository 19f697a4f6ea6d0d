"""The interfaces that the uplink needs: transactions, a clock, and a destination."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar, runtime_checkable

from uplink.delivery.responses import HttpAnswer, Receipt
from uplink.outbox.outbox import Batch

T = TypeVar("T")


class Transactions(Protocol):
    """The owner of the SQLite file."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work(tx)` in one transaction, durable once this returns. Rows come as `sqlite3.Row`."""
        ...


class TimeSource(Protocol):
    """Time, perhaps scaled. All pauses between attempts are its seconds."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, unmoved by steps of the system's clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Target(Protocol):
    """A destination. One verb; each `uplink/targets/*.py` has one."""

    @property
    def name(self) -> str:
        """Which destination this is; its pauses are remembered under that name."""
        ...

    @property
    def clock_offset(self) -> float | None:
        """Seconds that our clock is ahead of the destination's; None where that cannot be known."""
        ...

    async def send(self, batch: Batch) -> Receipt:
        """Hand over `batch` and return what became of its events.

        May be called again with the same batch, and must then have the effect of one call.
        Raises nothing but DeliveryError.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections. May be called twice."""
        ...


@runtime_checkable
class QueryableTarget(Target, Protocol):
    """A destination that can also be asked something. Not every one can: a folder cannot."""

    async def get(self, what: str, query: Mapping[str, str]) -> HttpAnswer:
        """The answer to GET `what`, beside where events go. Raises nothing but DeliveryError."""
        ...
