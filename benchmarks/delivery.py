"""What the outbox drains, and what it costs: `python benchmarks/delivery.py [EVENTS]` (1,000,000 by default).

A real file with EVENTS meter reads, a receiver in another process that validates and stores every one, on
loopback. In the middle a ticket is put; it must leave with the next request. Prints one JSON object.

`drained_per_second` is by the wall clock, and falls where other work shares the cores; `cpu_us_per_event` is
the processor time of both processes, and does so less.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from agent.core.clock import Clock
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.outbox import outbox, queries, tables
from uplink.outbox.envelope import Envelope, Lane
from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.targets import https

GROUP = 2000  # events in one transaction while filling
AGENT = {"agent_id": "a-bench", "version": "1", "site_id": "S-04"}


def read(number: int) -> Envelope:
    """A meter read as the agent writes it."""
    at = "2026-11-20T21:30:04Z"
    counters = {"total": 400_000 + number, "mono": 300_000, "colour": 100_000 + number, "scan": 77_120}
    data = {
        "schema": "mps.meter_read/1",
        "observed_at": at,
        "agent": AGENT,
        "device": {"device_key": f"sn:{number % 2000}", "make": "Maker", "model": "C 3000"},
        "meters": {
            "read_at": at,
            "source": "1.3.6.1.2.1.43.10.2.1.4",
            "trust": "measured",
            "counters": counters,
        },
    }
    return Envelope(
        lane=Lane.METERS, type="mps.meter_read/1", subject=f"sn:{number % 2000}", time=1.79e9, data=data
    )


def ticket() -> Envelope:
    """A ticket, put in the middle."""
    at = "2026-11-20T21:30:04Z"
    data = {
        "schema": "mps.ticket/1", "event": "open", "ticket_id": "T1", "ticket_seq": 1, "kind": "break_fix",
        "idempotency_key": "T1:1", "dedupe_key": "sn:1|fuser.failure|e1", "observed_at": at, "opened_at": at,
        "agent": AGENT, "device": {"device_key": "sn:1"}, "rule": {"rule_id": "r"}, "evidence": {},
        "fault": {"fault_key": "fuser.failure", "title": "Fuser failure", "impact": "device_down"},
    }  # fmt: skip
    return Envelope(lane=Lane.TICKETS, type="mps.ticket/1", subject="T1", time=1.79e9, data=data)


async def receive(database: str) -> None:
    """The other process: a receiver, until standard input ends."""
    async with serve_app(create_app(Path(database))) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


def fill(store: Store, events: int) -> float:
    """Put `events`; how many a second."""
    began = time.perf_counter()
    for first in range(0, events, GROUP):
        with store.transaction() as tx:
            if not first:
                tables.set_number(tx, "bound", 1 << 40)
            for number in range(first, min(first + GROUP, events)):
                outbox.put(tx, read(number))
    return events / (time.perf_counter() - began)


async def drain(store: Store, url: str, events: int, arrived: Callable[[], bool]) -> tuple[float, float]:
    """(events a second, seconds from the ticket's put until the provider had it)."""
    target = https.connect(https.Settings(url=f"{url}/v1/events", insecure_loopback=True))
    delivery = Delivery(target, store, Clock(), source="/agents/a-bench", dice=Random(1))  # noqa: S311 - repeatable
    running = asyncio.create_task(delivery.run())
    began, put_at, ticket_took = time.perf_counter(), 0.0, 0.0
    while (told := await store.run(queries.load_progress)).waiting:
        if not put_at and told.delivered > events // 2:
            put_at = time.perf_counter()
            await store.run(lambda tx: outbox.put(tx, ticket()))
            delivery.wake()
        if put_at and not ticket_took and arrived():
            ticket_took = time.perf_counter() - put_at
        await asyncio.sleep(0.05)
    rate = events / (time.perf_counter() - began)
    await delivery.drain(5)
    await running
    await target.aclose()
    return rate, ticket_took


def peak_memory() -> float:
    """The most that this process has had in memory, in MB. (What getrusage says begins with its parent's.)"""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(events: int) -> dict[str, object]:
    """The whole measurement."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "agent.db", {"outbox": outbox.SCHEMA})
        filled = fill(store, events)
        database = str(Path(folder) / "receiver.db")
        command = [sys.executable, __file__, "receive", database]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            url = other.stdout.readline().strip() if other.stdout else ""
            ledger, own = EventStore(database), time.process_time()
            rate, ticket_took = asyncio.run(drain(store, url, events, lambda: bool(ledger.list_tickets())))
            own = time.process_time() - own
            kept = sum(ledger.count_events().values())
            ledger.close()
            other.communicate()
        theirs = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        store.close()
    if kept != events + 1:
        raise SystemExit(f"{kept} of {events + 1} arrived")
    return {
        "events": events,
        "put_per_second": round(filled),
        "drained_per_second": round(rate),
        "cpu_us_per_event": round((own + theirs) / events * 1e6, 1),
        "cpu_us_sender": round(own / events * 1e6, 1),
        "cpu_us_receiver": round(theirs / events * 1e6, 1),
        "peak_rss_mb": round(peak_memory(), 1),
        "new_ticket_out_s": round(ticket_took, 3),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        asyncio.run(receive(sys.argv[2]))
    else:
        print(json.dumps(main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000), indent=1))
