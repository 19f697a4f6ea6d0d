"""Two replicas of the receiver on one PostgreSQL: together they keep what one would keep."""

import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from uplink.receiver.ledger import Ledger

ROOT = Path(__file__).parents[2]
TYPE = "application/cloudevents-batch+json"
Tickets = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def postgres(needs: Callable[..., str]) -> Iterator[str]:
    """A PostgreSQL of our own, in a folder that goes away; its address."""
    binaries = Path(needs("postgres", package="postgresql")).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="printwarden-pg-"))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        owner = {"user": "postgres"}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def run(*command: object) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([str(word) for word in command], cwd=folder, check=True, **quiet, **owner)

    run(binaries / "initdb", "-D", folder / "data", "-U", "mps", "-A", "trust", "--no-sync")
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [binaries / "pg_ctl", "-D", folder / "data", "-w"]
    run(*control, "-o", settings, "-l", folder / "log", "start")
    try:
        run(binaries / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "mps", "mps")
        yield f"postgresql://mps@127.0.0.1:{port}/mps"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@contextmanager
def replicas(database: str, folder: Path, count: int = 2) -> Iterator[list[str]]:
    """So many receivers, each a process of its own; their addresses."""
    command = [
        sys.executable,
        "-m",
        "agent",
        "receive",
        "--insecure-loopback",
        "--port",
        "0",
        "--json",
        "--quiet",
        "--database",
        database,
    ]
    with (folder / "replicas.log").open("wb") as log:
        processes = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
            for _ in range(count)
        ]
        try:
            yield [json.loads(process.stdout.readline())["url"] for process in processes if process.stdout]
        finally:
            for process in processes:
                process.terminate()
                process.communicate()


def batch(agent: int, tickets: Tickets) -> bytes:
    """What one agent sends: a ticket that opens and clears, under ids that are its own."""
    steps = [tickets(agent, event=event, seq=seq) for seq, event in ((1, "open"), (2, "clear"))]
    events = [
        {
            "specversion": "1.0", "id": str(UUID(int=agent * 10 + seq)), "source": f"/agents/{agent}",
            "type": "mps.ticket/1", "subject": told["ticket_id"], "time": "2026-11-20T21:30:04Z",
            "sequence": f"{seq:020d}", "data": told | {"agent": {"agent_id": f"a-{agent}", "version": "1"}},
        }
        for seq, told in enumerate(steps, 1)
    ]  # fmt: skip
    return json.dumps(events).encode()


async def agent_calls(
    client: httpx.AsyncClient, urls: list[str], number: int, body: bytes, dice: random.Random
) -> int:
    """Send until there is a receipt: the first attempt to both replicas at once, as after a lost answer."""
    headers = {"content-type": TYPE, "idempotency-key": f"key-{number}"}
    first = await asyncio.gather(
        *(client.post(f"{url}/v1/events", content=body, headers=headers) for url in urls)
    )
    tries = len(first)
    while not any(answer.status_code == 200 for answer in first):
        assert {answer.status_code for answer in first} <= {409, 503}
        await asyncio.sleep(dice.uniform(0, 0.05))
        first = [await client.post(f"{dice.choice(urls)}/v1/events", content=body, headers=headers)]
        tries += 1
    return tries


async def fleet_calls(urls: list[str], agents: int, tickets: Tickets) -> float:
    """All agents, fifty at a time; how many requests a second."""
    room, dice, began = asyncio.Semaphore(50), random.Random(1), time.perf_counter()
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=60) as client:

        async def one(number: int) -> int:
            async with room:
                return await agent_calls(client, urls, number, batch(number, tickets), dice)

        made = sum(await asyncio.gather(*(one(number) for number in range(1, agents + 1))))
    return made / (time.perf_counter() - began)


def settled(database: str, agents: int) -> None:
    """One row a ticket, cleared; every event once."""
    with closing(Ledger(database)) as ledger:
        rows = [row for row in ledger.tickets() if not row["ticket_id"].startswith("silent-")]
        assert len(rows) == agents
        assert {(row["event"], row["ticket_seq"]) for row in rows} == {("clear", 2)}
        assert ledger.counts() == {"mps.ticket/1": 2 * agents}
        assert len({event["id"] for event in ledger.events(0, 10 * agents)}) == 2 * agents
        assert len(ledger.agents()) == agents
        ledger.db.change("TRUNCATE request, event, ticket, agent" if "://" in database else "SELECT 1")


async def test_two_replicas_serve_two_hundred_agents_without_a_double(
    postgres: str, tmp_path: Path, tickets: Tickets, claim: Any
) -> None:
    with replicas(postgres, tmp_path) as urls:
        await fleet_calls(urls, 200, tickets)
    settled(postgres, 200)
    claim("replicas", "2 on one PostgreSQL, 200 agents: 200 tickets, no double row")


@pytest.mark.long
async def test_two_replicas_serve_two_thousand_agents_without_a_double(
    postgres: str, tmp_path: Path, tickets: Tickets, claim: Any
) -> None:
    with replicas(postgres, tmp_path) as urls:
        rate = await fleet_calls(urls, 2000, tickets)
    settled(postgres, 2000)
    claim("replicas", f"2 on one PostgreSQL, 2,000 agents: no double row; {rate:.0f} requests a second")


async def test_without_the_unique_keys_replicas_would_keep_doubles(
    postgres: str, tmp_path: Path, tickets: Tickets, claim: Any
) -> None:
    """Broken: a ledger that relies on having looked first."""
    claim.broken("replicas", "no unique keys: an event is kept twice")
    with closing(Ledger(postgres)) as ledger:
        ledger.db.change("ALTER TABLE event DROP CONSTRAINT event_id_key")
        ledger.db.change("ALTER TABLE request DROP CONSTRAINT request_pkey")
    try:
        with closing(Ledger(postgres)) as one, closing(Ledger(postgres)) as two:
            row = ("same", "/a", "t", "s", 1, "", "{}", 1.0)
            for ledger in (one, two):
                assert not ledger.db.rows("SELECT id FROM event WHERE id = ?", ("same",)) or ledger is two
                ledger.db.change_many(
                    "INSERT INTO event (id, source, type, subject, sequence, time, data, at) "
                    "VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
                    [row],
                )
            assert len(one.db.rows("SELECT 1 AS x FROM event WHERE id = ?", ("same",))) == 2
    finally:
        with closing(Ledger(postgres)) as ledger:
            ledger.db.change("TRUNCATE request, event, ticket, agent")
            ledger.db.change("ALTER TABLE event ADD CONSTRAINT event_id_key UNIQUE (id)")
            ledger.db.change("ALTER TABLE request ADD CONSTRAINT request_pkey PRIMARY KEY (key)")


async def test_a_key_that_another_replica_is_at_work_on_is_409(
    postgres: str, tmp_path: Path, tickets: Tickets
) -> None:
    with replicas(postgres, tmp_path, 1) as (url,), closing(Ledger(postgres)) as other:
        headers = {"content-type": TYPE, "idempotency-key": "held"}
        async with httpx.AsyncClient(trust_env=False, base_url=url) as client:
            with other.db.transaction():
                other.db.claim("held")
                held = await client.post("/v1/events", content=batch(1, tickets), headers=headers)
            then = await client.post("/v1/events", content=batch(1, tickets), headers=headers)
    assert (held.status_code, held.headers["retry-after"], then.status_code) == (409, "1", 200)
    settled(postgres, 1)


def test_feedback_gets_its_numbers_in_the_order_in_which_it_can_be_read(
    postgres: str, tickets: Tickets
) -> None:
    """Number 2 must not be there to read while 1 is still being written: who has read 2 never asks for 1."""
    word = {"schema": "mps.feedback/1", "ticket_id": "T0001"}
    with closing(Ledger(postgres)) as slow, closing(Ledger(postgres)) as reader:
        slow._file(tickets(1))
        with ThreadPoolExecutor(1) as pool:
            with slow.db.transaction():
                slow.db.queue("feedback")
                slow.db.change("INSERT INTO feedback (site_id, data) VALUES ('', ?)", (json.dumps(word),))
                second = pool.submit(_say, postgres, word)
                waits(reader)
                assert reader.said(None, 0) == []
            assert second.result(30)
        assert [one["number"] for one in reader.said(None, 0)] == sorted(
            one["number"] for one in reader.said(None, 0)
        )
        assert len(reader.said(None, 0)) == 2
        slow.db.change("TRUNCATE feedback, ticket")


def _say(where: str, word: dict[str, Any]) -> bool:
    with closing(Ledger(where)) as ledger:
        return ledger.say("T0001", word)


def waits(reader: Ledger) -> None:
    """Until somebody waits for a lock."""
    query = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    deadline = time.monotonic() + 30
    while reader.db.rows(query)[0]["n"] == 0:
        assert time.monotonic() < deadline, "nobody waits: the second word has a number already"
        time.sleep(0.01)
