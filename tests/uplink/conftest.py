"""A site with an outbox, a provider on a real socket, and events to send between them."""

import asyncio
import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psycopg
import pytest
from loopback import HOME, free_port

from agent.core.clock import Clock, format_iso_time
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.interfaces import Target
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane
from uplink.receiver.app import create_app
from uplink.receiver.desk_auth import DeskAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.faults import FaultInjection
from uplink.receiver.serve import serve_app
from uplink.targets import https

AT = 1_795_210_204.0  # 2026-11-20T21:30:04Z
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
PATIENCE = 60.0  # real seconds; a broken promise shows by it, a good one never waits for it
AGENT = {"agent_id": "a-7f3c", "version": "1.0.0"}


def ticket(number: int, *, event: str = "open", seq: int = 1) -> dict[str, Any]:
    """A ticket event as the agent writes it."""
    name = f"T{number:04d}"
    return {
        "schema": "mps.ticket/1",
        "event": event,
        "ticket_id": name,
        "ticket_seq": seq,
        "idempotency_key": f"{name}:{seq}",
        "dedupe_key": f"sn:{number}|fuser.failure|fuser:1|e1",
        "kind": "break_fix",
        "observed_at": format_iso_time(AT + number + seq),
        "opened_at": format_iso_time(AT + number),
        "agent": AGENT,
        "device": {"device_key": f"sn:{number}", "make": "Maker", "model": "Größe 10"},
        "fault": {"fault_key": "fuser.failure", "title": "Fuser failure", "impact": "device_down"},
        "rule": {"rule_id": "fuser-down"},
        "evidence": {"errors": ["serviceRequested"]},
    }


def meter_read(number: int) -> dict[str, Any]:
    """A meter read as the agent writes it."""
    return {
        "schema": "mps.meter_read/1",
        "observed_at": format_iso_time(AT),
        "agent": AGENT,
        "device": {"device_key": f"sn:{number}"},
        "meters": {
            "read_at": format_iso_time(AT),
            "source": "1.3.6.1",
            "trust": "measured",
            "counters": {"total": number},
        },
    }


def heartbeat() -> dict[str, Any]:
    """A heartbeat as the agent writes it."""
    return {
        "schema": "mps.agent_health/1",
        "observed_at": format_iso_time(AT),
        "agent": AGENT,
        "printers": 3,
        "silent": 0,
    }


def device_inventory() -> dict[str, Any]:
    """A device inventory as the agent writes it."""
    supply = {"index": "1.1", "type": "toner", "colour": "black", "part_number": "TK-1170"}
    return {
        "schema": "mps.device_inventory/1", "observed_at": format_iso_time(AT), "agent": AGENT, "reason": "new",
        "device": {"device_key": "sn:1", "hostname": "prn-1"},
        "inventory": {"uuid": None, "supplies": [supply], "inputs": [{"index": "1.1", "name": "Tray 1"}]},
    }  # fmt: skip


def supply_order_hint() -> dict[str, Any]:
    """A supply hint as the agent writes it."""
    days = {"p10": 9.5, "p50": 14.0, "p90": 20.1, "basis": "measured"}
    return {
        "schema": "mps.supply_order_hint/1", "observed_at": format_iso_time(AT), "agent": AGENT, "reason": "stage",
        "stage": "soon", "device": {"device_key": "sn:1"},
        "supply": {"index": "1.1", "type": "toner", "percent": 8, "days_left": days},
    }  # fmt: skip


def envelope(number: int, lane: Lane = Lane.TICKETS, subject: str | None = None) -> Envelope:
    """Envelope `number`, with a payload that its lane's receiver accepts."""
    data = {Lane.TICKETS: ticket(number), Lane.HEARTBEAT: heartbeat()}.get(lane, meter_read(number))
    return Envelope(
        lane=lane, type=str(data["schema"]), subject=subject or f"T{number:04d}", time=AT + number, data=data
    )


def desk_headers(database: Path | str, *sites: str) -> dict[str, str]:
    """The headers of a desk that may read these sites; without any, all of them."""
    with contextlib.closing(EventStore(database)) as kept:
        credential = DeskAuth(kept).issue_credential("desk", AT, sites=sites or None)
    return {"authorization": f"Bearer {credential}"}


@dataclass
class Provider:
    """A receiver on a real socket, from the tests' side."""

    url: str
    desk: dict[str, str] = field(default_factory=dict)  # the headers of a desk that reads every site
    seen: list[Any] = field(default_factory=list)  # arrivals, in order

    async def behave(self, **behaviour: object) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.url}/control", json=behaviour)).raise_for_status()

    async def get(self, path: str) -> Any:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(self.url + path, headers=self.desk)).raise_for_status().json()

    @property
    def subjects(self) -> list[str]:
        return [arrival.event.subject for arrival in self.seen if arrival.event]


@dataclass
class Site:
    """An outbox with somebody who delivers it."""

    store: Store
    delivery: Delivery
    running: "asyncio.Task[None]"

    async def put(self, envelopes: Sequence[Envelope]) -> None:
        await self.store.run(lambda tx: [outbox.put(tx, one) for one in envelopes])
        self.delivery.wake()

    async def counts(self) -> queries.OutboxCounts:
        return await self.store.run(queries.count_outbox)

    async def until(self, condition: Callable[[queries.OutboxCounts], bool]) -> None:
        """Wait for the outbox to be so; the test fails if that never happens, or the delivery dies."""
        async with asyncio.timeout(PATIENCE):
            while not condition(await self.counts()):
                if self.running.done():
                    self.running.result()
                await asyncio.sleep(0.005)

    async def in_trouble(self) -> None:
        """Wait until a pause is on disk."""
        async with asyncio.timeout(PATIENCE):
            while not await self.store.run(queries.list_destinations):
                await asyncio.sleep(0.005)

    async def empty(self) -> None:
        await self.until(lambda counts: not counts.pending)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is room: a kill or an error asks nothing of the disk's speed, and what asks
    of the disk itself (power, room, failures) has one that it records or bends."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < 2 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="printwarden-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "agent.db", {"outbox": outbox.SCHEMA})
    yield opened
    opened.close()


@pytest.fixture
def tx(store: Store) -> Iterator[sqlite3.Connection]:
    """One long transaction, for what needs no commit."""
    with store.transaction() as opened:
        yield opened


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    there = Provider(url="", desk=desk_headers(tmp_path / "receiver.db"))
    app = create_app(tmp_path / "receiver.db", control=True, arrived=there.seen.append)
    async with serve_app(app) as there.url:
        yield there


@pytest.fixture
def target_of() -> Callable[..., https.HttpsTarget]:
    def connect(provider: Provider, **settings: Any) -> https.HttpsTarget:
        url = f"{provider.url}/v1/events"
        return https.connect(https.Settings(url=url, insecure_loopback=True, **settings))

    return connect


@pytest.fixture
async def site(
    store: Store, provider: Provider, target_of: Callable[..., https.HttpsTarget]
) -> AsyncIterator[Callable[..., contextlib.AbstractAsyncContextManager[Site]]]:
    """A running site: `async with site() as here`. The clock runs 2,000 times as fast."""

    @contextlib.asynccontextmanager
    async def start(
        *, target: Target | None = None, kind: type[Delivery] = Delivery, clock: Clock | None = None
    ) -> AsyncIterator[Site]:
        used = target or target_of(provider)
        ticks = clock or Clock.scaled(2000)
        delivery = kind(used, store, ticks, source="/agents/a-7f3c", dice=Random(1))
        running = asyncio.create_task(delivery.run())
        try:
            yield Site(store=store, delivery=delivery, running=running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await used.aclose()

    return start


@pytest.fixture
def make() -> Callable[..., Envelope]:
    return envelope


@pytest.fixture
def payloads() -> dict[str, dict[str, Any]]:
    """One good payload of each event type."""
    return {
        "mps.ticket/1": ticket(1),
        "mps.agent_health/1": heartbeat(),
        "mps.meter_read/1": meter_read(1),
    } | {told["schema"]: told for told in (device_inventory(), supply_order_hint())}


@pytest.fixture
def reads() -> Callable[..., dict[str, str]]:
    """The headers of a desk: `reads(database, "S-04")`."""
    return desk_headers


@pytest.fixture
def tickets() -> Callable[..., dict[str, Any]]:
    return ticket


@pytest.fixture
def mood() -> type[FaultInjection]:
    return FaultInjection


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """An empty database on it; its address."""
    with psycopg.connect(postgres_server, autocommit=True) as db:
        db.execute("DROP SCHEMA public CASCADE")
        db.execute("CREATE SCHEMA public")
    return postgres_server


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of our own: its address, and how it is stopped and started again."""

    address: str
    stop: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture(scope="session")
def postgres_server(postgres_cluster: Cluster) -> str:
    """The address of a PostgreSQL of our own."""
    return postgres_cluster.address


@pytest.fixture(scope="session")
def postgres_cluster(needs: Callable[..., str]) -> Iterator[Cluster]:
    """A PostgreSQL of our own, in a folder that goes away."""
    binaries = Path(needs("postgres", package="postgresql")).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="printwarden-pg-"))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        owner = {"user": "postgres"}
    port = free_port(socket.SOCK_STREAM)

    def run(*command: object) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([str(word) for word in command], cwd=folder, check=True, **quiet, **owner)

    run(binaries / "initdb", "-D", folder / "data", "-U", "mps", "-A", "trust", "--no-sync")
    settings = f"-p {port} -c listen_addresses={HOME} -c unix_socket_directories={folder} -c fsync=off"
    control = [binaries / "pg_ctl", "-D", folder / "data", "-w"]

    def start() -> None:
        run(*control, "-o", settings, "-l", folder / "log", "start")

    start()
    try:
        run(binaries / "createdb", "-h", HOME, "-p", str(port), "-U", "mps", "mps")
        address = f"postgresql://mps@{HOME}:{port}/mps"
        yield Cluster(address, stop=lambda: run(*control, "-m", "fast", "stop"), start=start)
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)
