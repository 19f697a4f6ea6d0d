"""An agent that gets another identity: what waits leaves under it, and none of it dies as foreign."""

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.core.clock import Clock
from agent.core.store import Store
from agent.reporting import sender_identity
from uplink.delivery.delivery import Delivery
from uplink.errors import CredentialRefused
from uplink.identity import identity
from uplink.identity.identity import AgentIdentity, PendingEnrolment, RequestSigner
from uplink.outbox import outbox, queries, tables, takeover
from uplink.outbox.envelope import Envelope, Lane
from uplink.provider.capabilities import Capabilities
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.targets import https

Tickets = Callable[..., dict[str, Any]]
PATIENCE = 60.0


def put(tx: sqlite3.Connection, tickets: Tickets, number: int, agent: str | None, site: str | None) -> None:
    data = tickets(number) | {"agent": {"agent_id": agent, "version": "1", "site_id": site}}
    outbox.put(
        tx,
        Envelope(lane=Lane.TICKETS, type="mps.ticket/1", subject=data["ticket_id"], time=1.79e9, data=data),
    )


def senders(tx: sqlite3.Connection) -> list[tuple[Any, Any]]:
    agents: list[Any] = [entry.data["agent"] for entry in queries.list_pending(tx)]
    return [(one["agent_id"], one["site_id"]) for one in agents]


def die(tx: sqlite3.Connection, problem: str) -> None:
    (seq,) = tx.execute("SELECT max(seq) FROM outbox_event").fetchone()
    tables.dead_letter_event(tx, seq, problem, "refused", 1.79e9)


def test_at_the_first_enrolment_agent_and_site_become_the_enrolled_ones(
    tx: sqlite3.Connection, tickets: Tickets
) -> None:
    for number, (agent, site) in enumerate(((None, "S-4"), ("host", "S-04"), ("a-1", "S-04"))):
        put(tx, tickets, number, agent, site)
    assert takeover.adopt_events(tx, agent_id="a-1", site_id="S-04") == 2
    assert senders(tx) == [("a-1", "S-04")] * 3
    assert takeover.adopt_events(tx, agent_id="a-1", site_id="S-04") == 0


def test_a_name_without_a_credential_is_no_enrolment(tx: sqlite3.Connection, tickets: Tickets) -> None:
    put(tx, tickets, 1, "host", "S-4")
    assert takeover.adopt_events(tx, agent_id="a-1", site_id="S-4", enrolled=False) == 1
    assert takeover.adopt_events(tx, agent_id="a-1", site_id="S-04") == 1
    assert senders(tx) == [("a-1", "S-04")]


def test_events_of_another_customer_are_not_renamed(tx: sqlite3.Connection, tickets: Tickets) -> None:
    takeover.adopt_events(tx, agent_id="a-1", site_id="S-04")
    put(tx, tickets, 1, "a-1", "S-04")
    assert takeover.adopt_events(tx, agent_id="a-2", site_id="S-99") == 0
    put(tx, tickets, 2, "a-1", "S-99")
    assert takeover.adopt_events(tx, agent_id="a-3", site_id="S-99") == 1
    assert senders(tx) == [("a-1", "S-04"), ("a-3", "S-99")]


def test_only_what_was_refused_as_foreign_returns(tx: sqlite3.Connection, tickets: Tickets) -> None:
    for number, problem in enumerate((takeover.FOREIGN_PROBLEM, "urn:problem-type:mps:event-invalid")):
        put(tx, tickets, number, "a-0", "S-04")
        die(tx, problem)
    assert takeover.adopt_events(tx, agent_id="a-1", site_id="S-04") == 1
    assert [entry.subject for entry in queries.list_pending(tx)] == ["T0000"]
    assert [entry.subject for entry in queries.list_dead(tx)] == ["T0001"]


def test_what_is_rewritten_is_intact_and_counted(tx: sqlite3.Connection, tickets: Tickets) -> None:
    for number in range(1200):
        put(tx, tickets, number, "a-0", "S-04")
    batch = outbox.next_batch(tx, source="/sites/S-04", now=1.79e9)
    assert batch is not None
    assert takeover.adopt_events(tx, agent_id="a-longer-than-before", site_id="S-04") == 1200
    rows = tx.execute("SELECT * FROM outbox_event").fetchall()
    assert all(map(tables.is_event_intact, rows))
    size = sum(len(row["data"]) + tables.EVENT_OVERHEAD for row in rows)
    assert tables.load_number(tx, "bytes") == size
    again = outbox.next_batch(tx, source="/sites/S-04", now=1.79e9)
    assert again is not None
    assert again.key != batch.key, "other bytes, another key"
    assert b'"agent_id":"a-0"' not in again.body


def test_a_damaged_event_is_left_for_the_check_that_finds_it(
    tx: sqlite3.Connection, tickets: Tickets
) -> None:
    put(tx, tickets, 1, "a-0", "S-04")
    tx.execute("UPDATE outbox_event SET data = replace(data, 'Fuser', 'Fuzer')")
    put(tx, tickets, 2, "a-0", "S-04")
    tx.execute("UPDATE outbox_event SET data = x'ff00' WHERE seq = 2")
    assert takeover.adopt_events(tx, agent_id="a-1", site_id="S-04") == 0


async def enrolled(url: str, folder: Path, database: Path, site: str) -> AgentIdentity:
    with closing(EventStore(database)) as kept:
        (folder.parent / "token").write_text(AgentAuth(kept).issue_token(site, time.time()))
    there = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
    async with https.build_client(there) as client:
        return await identity.enrol_agent(
            client, there.url, folder, token_source=str(folder.parent / "token"), site_id=site
        )


@pytest.mark.parametrize("adopts", [True, False], ids=["", "control"])
async def test_a_lost_identity_loses_no_event(
    store: Store, tmp_path: Path, tickets: Tickets, adopts: bool
) -> None:
    """Five tickets wait under one identity, one of them was sent without a receipt; then the identity is lost."""
    database = tmp_path / "r.db"
    async with serve_app(create_app(database, enrolment=True)) as url:
        first = await enrolled(url, tmp_path / "id", database, "S-04")
        await store.run(lambda tx: sender_identity.adopt_events(tx, configured="S-04", identity=first))
        for number in range(5):
            await store.run(lambda tx, n=number: put(tx, tickets, n, first.agent_id, "S-04"))  # type: ignore[misc]
        await store.run(
            lambda tx: outbox.next_batch(tx, source="/sites/S-04", now=1.79e9, takes=Capabilities(events=1))
        )
        shutil.rmtree(tmp_path / "id")
        second = await enrolled(url, tmp_path / "id", database, "S-04")
        assert second.agent_id != first.agent_id
        if adopts:
            await store.run(lambda tx: sender_identity.adopt_events(tx, configured="S-04", identity=second))
        target = https.connect(https.Settings(url=f"{url}/v1/events", insecure_loopback=True), second)
        delivery = Delivery(target, store, Clock.scaled(2000), source="/sites/S-04", dice=Random(1))
        running = asyncio.create_task(delivery.run())
        async with asyncio.timeout(PATIENCE):
            while not await store.run(lambda tx: finished(tx, adopts)):
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await target.aclose()
    with closing(EventStore(database)) as kept:
        assert len(kept.list_tickets()) == (5 if adopts else 0)


def finished(tx: sqlite3.Connection, adopts: bool) -> bool:
    """All have left; without adoption, all are refused: the destination is held, or they are dead."""
    counts = queries.count_outbox(tx)
    return not counts.pending if adopts else bool(counts.dead or queries.list_destinations(tx))


async def test_the_site_of_events_is_the_enrolled_one_whatever_is_configured_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, store: Store
) -> None:
    async with serve_app(create_app(tmp_path / "r.db", enrolment=True)) as url:
        known = await enrolled(url, tmp_path / "id", tmp_path / "r.db", "S-04")
        there = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
        async with https.build_client(there) as client:
            await identity.renew_identity(client, there.url, known)
    again = identity.load_identity(tmp_path / "id")
    assert again is not None
    assert sender_identity.find_site_id("S-05", again) == "S-04"
    await store.run(lambda tx: sender_identity.adopt_events(tx, configured="S-05", identity=again))
    assert "events go out for S-04" in caplog.text


def test_an_identity_of_an_earlier_version_speaks_for_the_configured_site(tmp_path: Path) -> None:
    known = PendingEnrolment(folder=tmp_path / "id", token_file=tmp_path / "t", site_id="S-04")
    note = {"agent_id": known.agent_id, "credential": "c", "issued_at": 0.0, "expires_at": 9.0}
    (tmp_path / "id" / "credential.json").write_text(json.dumps(note))
    (tmp_path / "id" / "credential.json").chmod(0o600)
    loaded = identity.load_identity(tmp_path / "id")
    assert loaded is not None
    assert loaded.site_id is None
    assert sender_identity.find_site_id("S-05", loaded) == "S-05"


async def test_a_service_whose_identity_was_replaced_while_it_ran_holds_and_says_so(tmp_path: Path) -> None:
    database = tmp_path / "r.db"
    async with serve_app(create_app(database, enrolment=True)) as url:
        first = await enrolled(url, tmp_path / "id", database, "S-04")
        there = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
        async with https.build_client(there) as client:
            signer = RequestSigner(first, client, there.url)
            shutil.rmtree(tmp_path / "id")
            await enrolled(url, tmp_path / "id", database, "S-04")
            with pytest.raises(CredentialRefused, match="restart the service"):
                await signer.refresh_credential()
