"""Another printer stands where one was: its open tickets end, and none of them waits for a printer that is gone."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import own

from agent import app, config
from agent.core.model import Address, Change, ChangeKind, Device, Identity, Impact, SiteFacts, Snapshot
from agent.core.store import Store
from agent.pipeline.pipeline import Pipeline, PollResult
from agent.reporting.sender import Sender
from agent.tickets import grouping, lifecycle
from uplink.outbox import queries
from uplink.provider.capabilities import Capabilities

AT, HOUR = 1_795_210_204.0, 3600.0
PLACE = Address(own("3.1"))


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    store = Store(tmp_path / "agent.db", app.MIGRATIONS)
    with store.transaction() as opened:
        yield opened
    store.close()


def pipeline(folder: Path, takes: Capabilities) -> Pipeline:
    settings = config.build_config({}, folder)
    sender = Sender(site_id="S-1", load_capabilities=lambda _: takes)
    return app.build_pipeline(settings, app.build_rules(settings), sender)


def seen(tx: sqlite3.Connection, line: Pipeline, serial: str, at: float, address: Address = PLACE) -> Device:
    identity = Identity(serial=serial, model="P2040", vendor="Kyocera")
    snapshot = Snapshot(address=address, at=at, reachable=True, identity=identity)
    device = line.process_poll(tx, PollResult(snapshot=snapshot), SiteFacts(id="S-1")).device
    assert device is not None
    return device


def breaks(tx: sqlite3.Connection, line: Pipeline, device: Device, at: float) -> None:
    """A ticket of its fuser, as the pipeline makes it, and the state of a rule that fires."""
    change = Change(
        kind=ChangeKind.OPENED, at=at, device=device, rule="fuser-down", subject="", fault="fuser.failure", since=at,
        component="fuser:1", impact=Impact.DEVICE_DOWN, severity="critical", title="Fuser",
    )  # fmt: skip
    for event in grouping.apply_changes(tx, [change]):
        line.sender.queue_ticket(tx, event)
    columns = "device, rule, subject, phase, began, since, seen, stale, notice"
    row = f"INSERT INTO rule_state ({columns}) VALUES (?, 'fuser-down', '', 'firing', ?, ?, ?, 0, '')"  # noqa: S608
    tx.execute(row, (device.key, at, at, at))


def steps(tx: sqlite3.Connection) -> list[tuple[Any, ...]]:
    entries = [one.data for one in queries.list_pending(tx) if one.type == "mps.ticket/1"]
    return [(it["event"], it["ticket_seq"], it["device"]["device_key"]) for it in entries]  # type: ignore[index]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (frozenset({"verified"}), [("open", 1, "sn:A1"), ("clear", 2, "sn:A1"), ("verified", 3, "sn:A1")]),
        (frozenset(), [("open", 1, "sn:A1"), ("clear", 2, "sn:A1")]),
    ],
    ids=["a provider that knows verified", "one that does not"],
)
def test_its_tickets_end_with_the_evidence(
    tx: sqlite3.Connection, tmp_path: Path, known: frozenset[str], expected: list[Any]
) -> None:
    line = pipeline(tmp_path, Capabilities(ticket_events=known))
    breaks(tx, line, seen(tx, line, "A1", AT), AT)
    new = seen(tx, line, "B2", AT + HOUR)
    assert new.replaces == "sn:A1"
    assert steps(tx) == expected
    last = [one.data for one in queries.list_pending(tx) if one.type == "mps.ticket/1"][-1]
    assert last["evidence"]["verified_by"]["what"] == "exchanged"  # type: ignore[index]
    assert lifecycle.load_open_tickets(tx) == []
    assert not tx.execute("SELECT 1 FROM rule_state WHERE device = 'sn:A1'").fetchall(), (
        "if it comes back, its rules begin anew"
    )


def test_a_printer_that_is_known_elsewhere_exchanges_nothing(tx: sqlite3.Connection, tmp_path: Path) -> None:
    """Two printers whose addresses were changed: both are alive."""
    line = pipeline(tmp_path, Capabilities())
    other = Address(own("3.2"))
    breaks(tx, line, seen(tx, line, "A1", AT), AT)
    seen(tx, line, "B2", AT, other)
    seen(tx, line, "B2", AT + 2 * HOUR)
    assert steps(tx) == [("open", 1, "sn:A1")]
    assert len(lifecycle.load_open_tickets(tx)) == 1
