"""Down the line to a real receiver: once, in order, and through its absence."""

import asyncio
import socket
from collections import Counter
from contextlib import closing
from datetime import datetime

import pytest
from loopback import LOCALHOST, free_port, own

from agent.core.clock import Clock
from agent.core.model import Address, Device
from agent.simulator import models
from agent.tickets import lifecycle
from agent.tickets.feedback import feedback_store
from uplink import events
from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

PATIENCE = 60.0  # real seconds; a good line never waits for it
DEVICE = Device(key=f"sn:{models.RICOH_C3000.serial}", address=Address(own("5.1")))
DONE = {
    "schema": "mps.feedback/1", "provider_ticket_no": "T-88123", "status": "closed", "outcome": "confirmed",
}  # fmt: skip
FUSER = f"site|sn:{models.RICOH_C3000.serial}|fuser.failure|fuser:1"


@pytest.fixture
def database(tmp_path):
    return tmp_path / "receiver.db"


@pytest.fixture
def port():
    return free_port(socket.SOCK_STREAM, LOCALHOST)


def receiver(database, port):
    return serve_app(create_app(database), port=port)


def told(database):
    if not database.exists():
        return []
    with closing(EventStore(database)) as ledger:
        return ledger.list_payloads("mps.ticket/1")


def told_reads(database):
    if not database.exists():
        return []
    with closing(EventStore(database)) as ledger:
        return ledger.list_payloads("mps.meter_read/1")


def day_of(moment):
    return datetime.fromisoformat(moment).astimezone().date()


def provider(port):
    return {"url": f"http://{LOCALHOST}:{port}/v1/events", "insecure_loopback": True}


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.05)


async def test_a_failed_fuser_reaches_the_provider_as_one_ticket(site_of, shop, database, port):
    clock = Clock.scaled(7200)
    fleet = shop(own("0.1"), (models.RICOH_C3000, "fuser_fails", ()), clock=clock)
    async with (
        receiver(database, port),
        site_of(fleet, own("0.0/28"), clock, provider=provider(port)) as site,
    ):
        await site.find()
        await site.live(hours=8)
        await until(lambda: told(database))
        (ticket,) = told(database)
        assert (ticket["event"], ticket["ticket_seq"], ticket["dedupe_key"]) == ("open", 1, FUSER)
        assert ticket["device"]["serial"] == models.RICOH_C3000.serial
        assert ticket["fault"]["impact"] == "device_down"
        assert ticket["agent"]["site_id"] == "site"
        assert (ticket["fault"]["vendor_code"], ticket["fault"]["training"]) == ("SC542", "fieldService")
        assert ticket["fault"]["debounce"]["held_for_s"] > 0
        assert ticket["printer"]["device_status"] == "down"
        assert {supply["type"] for supply in ticket["printer"]["supplies"]} >= {"toner"}
        events.check_event("mps.ticket/1", ticket)


async def test_while_the_receiver_is_down_tickets_wait_and_then_arrive_in_order(
    site_of, shop, database, port
):
    clock = Clock.scaled(7200)
    cast = ((models.RICOH_C3000, "fuser_fails", ()), (models.HP_M507, "toner_runs_down", ()))
    fleet = shop(own("1.1"), *cast, clock=clock)
    async with site_of(fleet, own("1.0/28"), clock, provider=provider(port)) as site:
        await site.find()
        await site.live(hours=12)
        assert {fault for _, fault, _ in site.tickets()} == {"fuser.failure", "supply.low"}
        assert told(database) == []
        async with receiver(database, port):
            await until(lambda: len(told(database)) == 2)
        opened = [ticket["opened_at"] for ticket in told(database)]
        assert opened == sorted(opened)
        with closing(EventStore(database)) as ledger:
            sequence = [event["sequence"] for event in ledger.list_events(0, 100)]
        assert len(set(sequence)) == len(sequence)


async def test_a_receiver_that_comes_and_goes_gets_each_ticket_once(site_of, shop, database, port):
    clock = Clock.scaled(7200)
    fleet = shop(own("2.1"), (models.LEXMARK_MS521, "tray_jams", ()), clock=clock)
    async with site_of(fleet, own("2.0/28"), clock, provider=provider(port)) as site:
        await site.find()
        for _ in range(8):
            async with receiver(database, port):
                await site.live(hours=1)
            await site.live(hours=1)
        async with receiver(database, port):
            await until(lambda: told(database))
        assert [ticket["fault"]["fault_key"] for ticket in told(database) if ticket["event"] == "open"] == [
            "feed.jams"
        ]


async def test_counters_arrive_once_a_day_also_those_of_days_without_the_provider(
    site_of, shop, database, port
):
    clock = Clock.scaled(7200)
    cast = ((models.HP_M507, "healthy", ()), (models.RICOH_C3000, "healthy", ()))
    fleet = shop(own("3.1"), *cast, clock=clock)
    async with site_of(fleet, own("3.0/28"), clock, provider=provider(port)) as site:
        await site.find()
        await site.live(hours=50, every=2)
        async with receiver(database, port):
            await until(lambda: len(told_reads(database)) >= 6)
    reads = told_reads(database)
    days = Counter((read["device"]["serial"], day_of(read["meters"]["read_at"])) for read in reads)
    assert {serial for serial, _ in days} == {make.serial for make, _, _ in cast}
    assert set(days.values()) == {1}
    assert all(read["meters"]["counters"]["total"] > 0 for read in reads)


async def test_what_the_desk_says_comes_back_and_goes_out_with_the_next_ticket(site_of, shop, database, port):
    clock = Clock.scaled(7200)
    fleet = shop(own("5.1"), (models.RICOH_C3000, "fuser_fails", ()), clock=clock)
    async with (
        receiver(database, port),
        site_of(fleet, own("5.0/28"), clock, provider=provider(port)) as site,
    ):
        await site.find()
        await site.live(hours=8)
        await until(lambda: told(database))
        (ticket,) = told(database)
        with closing(EventStore(database)) as ledger:
            ledger.add_feedback(ticket["ticket_id"], DONE | {"ticket_id": ticket["ticket_id"]})
        await site.agent.provider_poller.poll_provider()
        store, sender = site.agent.store, site.agent.pipeline.sender
        standing = await store.run(lambda tx: feedback_store.load_feedback(tx, ticket["ticket_id"]))
        assert standing.format_summary() == "T-88123, closed: confirmed"
        await store.run(
            lambda tx: sender.queue_ticket(
                tx, lifecycle.current_state_event(tx, ticket["ticket_id"], DEVICE, 1.79e9)
            )
        )
        site.agent.delivery.wake()
        await until(lambda: len(told(database)) == 2)
        assert told(database)[1]["rule"] == {
            "rule_id": ticket["rule"]["rule_id"], "rule_version": 1, "measured_precision": 1.0, "n_closed": 1,
        }  # fmt: skip
