"""Tickets whose events found no room in the outbox are stated again when there is room."""

import sqlite3
from collections.abc import Iterator

import pytest

from agent.app import MIGRATIONS
from agent.core.clock import Clock
from agent.core.model import Address, Change, ChangeKind, Identity, Impact
from agent.core.store import Store
from agent.discovery import binding
from agent.reporting.maintenance import Maintenance
from agent.reporting.sender import Sender
from agent.tickets import lifecycle

DAY = 86400.0


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    store = Store(tmp_path / "state.db", MIGRATIONS)
    yield store
    store.close()


@pytest.fixture
def house(store: Store) -> Maintenance:
    return Maintenance(store, Clock(), Sender(site_id="S-04", agent_id="a-1"))


def opened(tx: sqlite3.Connection) -> str:
    """The id of a ticket that is open for a known printer."""
    device = binding.bind_identity(
        tx, Identity(serial="A1", is_printer=True), Address("192.0.2.1"), now=DAY
    ).device
    change = Change(
        kind=ChangeKind.OPENED, at=DAY, since=DAY, device=device, subject="", rule="R", title="by R",
        fault="fuser.failure", component="fuser:1", impact=Impact.DEVICE_DOWN, severity="critical",
    )  # fmt: skip
    (event,) = lifecycle.apply_changes(tx, [change])
    return event.ticket_id


def withhold(tx: sqlite3.Connection, ticket: str) -> None:
    tx.execute("INSERT INTO outbox_withheld VALUES (?, 'mps.ticket/1', ?)", (ticket, DAY))


def found(tx: sqlite3.Connection, table: str) -> list[str]:
    return [row["subject"] for row in tx.execute(f"SELECT subject FROM {table}")]  # noqa: S608 - constants


async def test_a_withheld_ticket_is_stated_again_when_there_is_room(house: Maintenance, store: Store):
    with store.transaction() as tx:
        withhold(tx, ticket := opened(tx))
    await house.run_round()
    with store.transaction() as tx:
        assert (found(tx, "outbox_event"), found(tx, "outbox_withheld")) == ([ticket], [])


@pytest.mark.parametrize("gone", ["ticket", "device"])
async def test_a_withheld_ticket_that_is_gone_or_whose_printer_is_gone_is_let_go(
    house: Maintenance, store: Store, gone: str
):
    with store.transaction() as tx:
        withhold(tx, opened(tx))
        tx.execute(f"DELETE FROM {gone}")  # noqa: S608 - constants
    await house.run_round()
    with store.transaction() as tx:
        assert (found(tx, "outbox_event"), found(tx, "outbox_withheld")) == ([], [])
