"""Facts about an imaginary printer, and a store for the states of rules."""

import importlib.util
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stores import reopened

from agent.core.model import (
    Address,
    Alert,
    AlertKind,
    Device,
    DeviceStatus,
    Episode,
    Facts,
    PrinterStatus,
    Status,
    Supply,
)
from agent.core.store import Store
from agent.rules import evaluator

DEVICE = Device(
    key="sn:A1", address=Address("192.0.2.1"), vendor="Kyocera", model="ECOSYS P2040dw", serial="A1"
)
ROOT = Path(__file__).parent.parent.parent


class Printer:
    """Builds the facts about one healthy printer, with what is different about it."""

    device = DEVICE

    def facts(self, now: float = 0.0, **different: Any) -> Facts:
        usual: dict[str, Any] = {
            "device": DEVICE,
            "now": now,
            "last_answer": now,
            "answers_in_a_row": 10,
            "status": self.status(),
            "status_at": now,
            "open_alerts": (),
            "alerts_at": now,
            "supplies": (self.toner(80),),
            "supplies_at": now,
        }
        return Facts(**{**usual, **different})

    def silent(self, now: float, since: float, **different: Any) -> Facts:
        """The facts while it says nothing: the last it said is still on record."""
        read = {"last_answer": since, "status_at": since, "alerts_at": since, "supplies_at": since}
        return self.facts(now, **{**read, "answers_in_a_row": 0, **different})

    def status(
        self, device: DeviceStatus = DeviceStatus.RUNNING, *errors: str, printer: str = "idle"
    ) -> Status:
        return Status(device=device, printer=PrinterStatus(printer), errors=errors)

    def toner(self, level: Any, colour: str = "black", **different: Any) -> Supply:
        usual = {"index": "1.1", "type": "toner", "kind": "consumed", "max": 100, "description": "TK-1170"}
        return Supply(**{**usual, "colour": colour, "level": level, **different})

    def alert(self, code: int | None, group: str = "marker", at: int | None = 1, **different: Any) -> Alert:
        usual = {"index": 17, "severity": "critical", "training": "fieldService", "name": "alert"}
        return Alert(**{**usual, "code": code, "group": group, "group_index": at, **different})

    def episode(self, alert: Alert, began: float = 0.0, ended: float | None = None) -> Episode:
        return Episode(alert=alert, began=began, ended=ended)

    def state_row(self, code: int | None, text: str = "", group: str = "generalPrinter") -> Episode:
        """A permanent row of a healthy printer."""
        return self.episode(self.alert(code, group, text=text, severity="other", kind=AlertKind.STATE))


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the state file; a call again closes it first, as a restart does."""
    yield from reopened(tmp_path / "state.db", {"rules": evaluator.SCHEMA})


@pytest.fixture
def tx(open_store: Callable[[], Store]) -> Iterator[sqlite3.Connection]:
    with open_store().transaction() as tx:
        yield tx


@pytest.fixture(scope="session")
def imagined():
    """The module that makes up the history of a fleet: `imagined.imagine(path, printers, days)`."""
    spec = importlib.util.spec_from_file_location("imagined", ROOT / "benchmarks" / "imagined.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
