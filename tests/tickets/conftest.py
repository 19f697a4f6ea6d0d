"""Changes as rules report them, and a store for tickets."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stores import reopened

from agent.core.model import Address, Change, ChangeKind, Device, Impact, TicketEvent
from agent.core.store import Store
from agent.tickets import lifecycle

DEVICE = Device(key="sn:A1", address=Address("192.0.2.1"), vendor="HP", model="E786", serial="A1")


def change(kind: str, rule: str, at: float, **different: Any) -> Change:
    """A change of `rule`; by default about the fuser, that is about one and the same ticket."""
    usual: dict[str, Any] = {
        "device": DEVICE,
        "subject": "",
        "fault": "fuser.failure",
        "component": "fuser:1",
        "impact": Impact.DEVICE_DOWN,
        "severity": "critical",
        "title": f"by {rule}",
        "since": at,
        "rule": rule,
        "at": at,
        "kind": ChangeKind(kind),
    }
    return Change(**{**usual, **different})


class Desk:
    """Applies changes in transactions of their own, with ids that count: t1, t2, …"""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._store = open_store()
        self._ids = (f"t{n}" for n in itertools.count(1))

    def restart(self) -> None:
        self._store = self._open_store()

    def apply(self, *changes: Change) -> list[str]:
        """The events as "open t1 #1 critical by R"."""
        return [
            f"{event.event} {event.ticket_id} #{event.ticket_seq} {event.severity} {event.title}"
            for event in self.events(*changes)
        ]

    def events(self, *changes: Change) -> list[TicketEvent]:
        with self._store.transaction() as tx:
            return lifecycle.apply_changes(tx, changes, make_id=lambda: next(self._ids))

    def ask(self, question: Callable[[sqlite3.Connection], Any]) -> Any:
        with self._store.transaction() as tx:
            return question(tx)


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    yield from reopened(tmp_path / "state.db", {"tickets": lifecycle.SCHEMA})


@pytest.fixture
def desk(open_store: Callable[[], Store]) -> Desk:
    return Desk(open_store)


@pytest.fixture
def make_change() -> Callable[..., Change]:
    return change
