"""Two replicas of the receiver on one PostgreSQL: together they keep what one would keep."""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from uplink.receiver.event_store import EventStore
from uplink.receiver.ticket_store import SiteScope

ROOT = Path(__file__).parents[2]
TYPE = "application/cloudevents-batch+json"
Tickets = Callable[..., dict[str, Any]]


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


ANSWERS = {200, 409, 503}  # nothing else: not a 500 either


async def agent_calls(
    client: httpx.AsyncClient, urls: list[str], number: int, body: bytes, dice: random.Random
) -> int:
    """Send until there is a receipt: the first attempt to both replicas at once, as after a lost answer. Half of
    the agents have frozen their events anew meanwhile, under another key."""
    headers = {"content-type": TYPE, "idempotency-key": f"key-{number}"}
    keys = [f"key-{number}", f"key-{number}-anew" if number % 2 else f"key-{number}"]
    first = await asyncio.gather(
        *(
            client.post(f"{url}/v1/events", content=body, headers=headers | {"idempotency-key": key})
            for url, key in zip(urls, keys, strict=True)
        )
    )
    assert {answer.status_code for answer in first} <= ANSWERS
    tries = len(first)
    while not any(answer.status_code == 200 for answer in first):
        assert {answer.status_code for answer in first} <= ANSWERS
        await asyncio.sleep(dice.uniform(0, 0.05))
        first = [await client.post(f"{dice.choice(urls)}/v1/events", content=body, headers=headers)]
        tries += 1
    return tries


async def fleet_calls(urls: list[str], agents: int, tickets: Tickets) -> int:
    """All agents, fifty at a time; how many requests they made."""
    room, dice = asyncio.Semaphore(50), random.Random(1)
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=60) as client:

        async def one(number: int) -> int:
            async with room:
                return await agent_calls(client, urls, number, batch(number, tickets), dice)

        return sum(await asyncio.gather(*(one(number) for number in range(1, agents + 1))))


def doubled(ledger: EventStore) -> int:
    """Rows that a table has beyond one for each event, ticket and request."""
    columns = {"event": "id", "ticket": "ticket_id", "request": "key"}
    count = "SELECT COUNT(*) - COUNT(DISTINCT {}) AS n FROM {}"
    return sum(ledger.db.fetch_rows(count.format(column, table))[0]["n"] for table, column in columns.items())


def settled(database: str, agents: int) -> int:
    """One row a ticket, cleared; every event once. Returns the rows that are there twice."""
    with closing(EventStore(database)) as ledger:
        doubles = doubled(ledger)
        rows = [row for row in ledger.list_tickets() if not row["ticket_id"].startswith("silent-")]
        assert len(rows) == agents
        assert {(row["event"], row["ticket_seq"]) for row in rows} == {("clear", 2)}
        assert ledger.count_events() == {"mps.ticket/1": 2 * agents}
        assert len({event["id"] for event in ledger.list_events(0, 10 * agents)}) == 2 * agents
        assert len(ledger.list_agents()) == agents
    return doubles


@pytest.mark.claim("replicas")
@pytest.mark.parametrize("agents", [200, pytest.param(2000, marks=pytest.mark.long)])
async def test_two_replicas_serve_a_fleet_of_agents_without_a_double(
    postgres: str, tmp_path: Path, tickets: Tickets, agents: int, figure: Any
) -> None:
    with replicas(postgres, tmp_path) as urls:
        requests = await fleet_calls(urls, agents, tickets)
    figure(agents=agents, requests=requests, doubles=settled(postgres, agents))


@contextmanager
def without_unique_keys(database: str) -> Iterator[None]:
    """Broken: a ledger that relies on having looked first. Nothing is claimed, nothing is unique."""
    with closing(EventStore(database)) as ledger:
        for table in ("event", "request", "ticket", "ticket_alias"):
            ledger.db.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_once")
        ledger.db.execute("DROP INDEX ticket_key")
        ledger.db.execute(  # a claim that always succeeds, found before the built-in one
            "CREATE FUNCTION public.pg_try_advisory_xact_lock(bigint) RETURNS boolean AS 'SELECT true' LANGUAGE sql"
        )
        ledger.db.execute("ALTER DATABASE mps SET search_path = public, pg_catalog")
    try:
        yield
    finally:
        with closing(EventStore(database)) as ledger:
            ledger.db.execute("ALTER DATABASE mps RESET search_path")


@pytest.mark.control("replicas")
async def test_without_the_unique_keys_replicas_keep_doubles(
    postgres: str, tmp_path: Path, tickets: Tickets, figure: Any
) -> None:
    with without_unique_keys(postgres):
        with replicas(postgres, tmp_path) as urls:
            await fleet_calls(urls, 100, tickets)
        with closing(EventStore(postgres)) as ledger:
            doubles = doubled(ledger)
    figure(agents=100, doubles=doubles)
    assert doubles > 0


async def test_a_key_that_another_replica_is_at_work_on_is_409(
    postgres: str, tmp_path: Path, tickets: Tickets
) -> None:
    with replicas(postgres, tmp_path, 1) as (url,), closing(EventStore(postgres)) as other:
        headers = {"content-type": TYPE, "idempotency-key": "held"}
        async with httpx.AsyncClient(trust_env=False, base_url=url) as client:
            with other.db.transaction():
                other.db.claim_lock("held")
                held = await client.post("/v1/events", content=batch(1, tickets), headers=headers)
            then = await client.post("/v1/events", content=batch(1, tickets), headers=headers)
    assert (held.status_code, held.headers["retry-after"], then.status_code) == (409, "1", 200)
    settled(postgres, 1)


def test_feedback_gets_its_numbers_in_the_order_in_which_it_can_be_read(
    postgres: str, tickets: Tickets
) -> None:
    """Number 2 must not be there to read while 1 is still being written: who has read 2 never asks for 1."""
    word = {"schema": "mps.feedback/1", "ticket_id": "T0001"}
    with closing(EventStore(postgres)) as slow, closing(EventStore(postgres)) as reader:
        slow.tickets.apply_event(SiteScope("", ""), "a", tickets(1))
        with ThreadPoolExecutor(1) as pool:
            with slow.db.transaction():
                slow.db.wait_for_lock("feedback")
                slow.db.execute(
                    "INSERT INTO feedback (tenant_id, site_id, data) VALUES ('', '', ?)", (json.dumps(word),)
                )
                second = pool.submit(_say, postgres, word)
                waits(reader)
                assert reader.list_feedback(None, 0) == []
            assert second.result(30)
        assert [one["number"] for one in reader.list_feedback(None, 0)] == sorted(
            one["number"] for one in reader.list_feedback(None, 0)
        )
        assert len(reader.list_feedback(None, 0)) == 2
        slow.db.execute("TRUNCATE feedback, ticket, ticket_alias")


def _say(where: str, word: dict[str, Any]) -> bool:
    with closing(EventStore(where)) as ledger:
        return ledger.add_feedback("T0001", word)


def waits(reader: EventStore) -> None:
    """Until somebody waits for a lock."""
    query = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    deadline = time.monotonic() + 30
    while reader.db.fetch_rows(query)[0]["n"] == 0:
        assert time.monotonic() < deadline, "nobody waits: the second word has a number already"
        time.sleep(0.01)
