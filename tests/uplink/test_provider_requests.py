"""The provider heals from its side: it asks for what is dead, and for the state of all open tickets."""

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from loopback import LOCALHOST, free_port

from agent.app import MIGRATIONS, process_feedback, process_requests
from agent.core import audit
from agent.core.clock import Clock
from agent.core.model import Address, Change, ChangeKind, Device, GroupingPolicy, Impact
from agent.core.store import Store
from agent.discovery import binding
from agent.reporting import restatement
from agent.reporting.maintenance import Maintenance
from agent.reporting.sender import Sender
from agent.tickets import grouping
from uplink.delivery.delivery import Delivery
from uplink.outbox import queries, tables
from uplink.provider import feedback
from uplink.provider.poller import ProviderPoller
from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope
from uplink.targets import https

AT = 1_795_210_204.0
SITE = SiteScope("", "S-1")
PATIENCE = 60.0


def request(kind: str, name: str = "r1", **more: Any) -> dict[str, Any]:
    return {"schema": "mps.request/1", "request_id": name, "request": kind} | more


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "agent.db", MIGRATIONS)
    yield opened
    opened.close()


class Agent:
    """The parts of an agent that hear and answer the provider."""

    def __init__(self, store: Store, url: str) -> None:
        self.store, self.clock = store, Clock()
        self.sender = Sender(site_id="S-1")
        self.target = https.connect(https.Settings(url=f"{url}/v1/events", insecure_loopback=True))
        self.poller = ProviderPoller(
            self.target, store, self.clock, process_feedback, process_requests, every=60
        )
        self.maintenance = Maintenance(store, self.clock, self.sender)
        self.delivery = Delivery(self.target, store, Clock.scaled(2000), source="/sites/S-1", dice=Random(1))

    async def report(self, kind: str, printer: int, at: float, **policy: Any) -> None:
        """One rule opens or resolves on one printer."""
        device = Device(key=f"sn:{printer:04}", address=Address("192.0.2.1"), serial=str(printer))
        change = Change(
            kind=ChangeKind(kind), at=at, device=device, rule="r", subject="", fault="fuser.failure", component="fuser:1",
            impact=Impact.DEVICE_DOWN, severity="critical", title="Fuser", since=at,
            grouping=GroupingPolicy(site="S-1", **policy),
        )  # fmt: skip

        def apply(tx: sqlite3.Connection) -> None:
            binding._save_device(tx, device, "", home_seen=at)
            events = [*grouping.apply_changes(tx, [change]), *grouping.collect_due_events(tx, at)]
            for event in events:
                self.sender.queue_ticket(tx, event)

        await self.store.run(apply)
        self.delivery.wake()

    async def hear(self) -> None:
        """Pull, answer, send."""
        await self.poller.poll_provider()
        await self.maintenance.run_round()
        self.delivery.wake()

    async def sent(self) -> None:
        """Wait until nothing waits in the outbox."""
        async with asyncio.timeout(PATIENCE):
            while (await self.store.run(queries.count_outbox)).pending:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(store: Store, url: str) -> AsyncIterator[Agent]:
    agent = Agent(store, url)
    task = asyncio.create_task(agent.delivery.run())
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await agent.target.aclose()


def tickets(database: Path) -> dict[str, str]:
    """The tickets at the desk, by the printer's serial: the newest step."""
    with closing(EventStore(database)) as kept:
        return {row["data"]["device"]["serial"] or "list": row["event"] for row in kept.list_tickets()}


def ask(database: Path, *requests: dict[str, Any]) -> None:
    with closing(EventStore(database)) as kept:
        for one in requests:
            kept.add_request(SITE, one)


async def test_a_provider_that_lost_its_tickets_gets_the_state_of_all(store: Store, tmp_path: Path) -> None:
    first, second, port = (
        tmp_path / "first.db",
        tmp_path / "second.db",
        free_port(socket.SOCK_STREAM, LOCALHOST),
    )
    async with running(store, f"http://{LOCALHOST}:{port}") as agent:
        async with serve_app(create_app(first), port=port):
            for printer in (1, 2, 3):
                await agent.report("opened", printer, AT)
            await agent.report("opened", 7, AT, digest=True)  # goes onto the list of the site
            await agent.report("opened", 8, AT + 90_000, by=("site",), wait=9e9)  # waits for its group
            await agent.report("resolved", 2, AT + 90_060)
            await agent.sent()
        assert tickets(first) == {"1": "open", "2": "clear", "3": "open", "list": "open"}
        ask(second, request("restate_open", since="2026-11-20T21:30:04Z"))
        async with serve_app(create_app(second), port=port):
            await agent.hear()
            await agent.sent()
        assert tickets(second) == tickets(first)
    assert names(second) == names(first), "under the same ids and keys"
    (entry,) = [one for one in audit.read_entries(tmp_path) if one["action"] == "the provider asked"]
    assert (entry["request"], entry["events"]) == ("restate_open", 4)


def names(database: Path) -> set[tuple[str, str, int]]:
    with closing(EventStore(database)) as kept:
        return {(row["ticket_id"], row["dedupe_key"], row["ticket_seq"]) for row in kept.list_tickets()}


async def test_the_state_of_tickets_that_are_known_changes_nothing_at_the_desk(
    store: Store, tmp_path: Path
) -> None:
    database = tmp_path / "r.db"
    async with serve_app(create_app(database)) as url, running(store, url) as agent:
        await agent.report("opened", 1, AT)
        await agent.report("opened", 2, AT)
        await agent.sent()
        before = names(database)
        with closing(EventStore(database)) as kept:
            kept.add_feedback(next(iter(before))[0], {"schema": "mps.feedback/1", "status": "closed"})
            closed = [row["occupied"] for row in kept.list_tickets()]
        ask(database, request("restate_open"), request("restate_open"), request("restate_open", "r2"))
        for _ in range(3):
            await agent.hear()
            await agent.sent()
        with closing(EventStore(database)) as kept:
            assert [row["occupied"] for row in kept.list_tickets()] == closed, "what the desk closed stays so"
            sent = [one for one in kept.list_payloads("mps.ticket/1") if one["evidence"].get("restated")]
    assert names(database) == before
    assert len(sent) == 2, "each once, although it was asked three times"


async def test_what_is_dead_is_sent_again_when_the_provider_asks(store: Store, tmp_path: Path) -> None:
    database = tmp_path / "r.db"
    async with serve_app(create_app(database)) as url, running(store, url) as agent:
        await agent.report("opened", 1, AT)
        await agent.sent()
        await store.run(lambda tx: kill(tx, agent, "urn:problem-type:mps:event-invalid", 2))
        await store.run(lambda tx: kill(tx, agent, tables.OVERSIZED_PROBLEM, 3))
        ask(database, request("resend_dead", reason="our check was wrong"))
        await agent.hear()
        await agent.sent()
    assert tickets(database) == {"1": "open", "2": "open"}
    with store.transaction() as tx:
        assert [one.reason for one in queries.list_dead(tx)] == [tables.OVERSIZED_PROBLEM]
    (entry,) = [one for one in audit.read_entries(tmp_path) if one["action"] == "the provider asked"]
    assert (entry["request"], entry["events"], entry["reason"]) == ("resend_dead", 1, "our check was wrong")


def kill(tx: sqlite3.Connection, agent: Agent, problem: str, printer: int) -> None:
    """Queue a ticket, and put it into the dead letter before it can leave."""
    device = Device(key=f"sn:{printer:04}", address=Address("192.0.2.1"), serial=str(printer))
    change = Change(
        kind=ChangeKind.OPENED, at=AT, device=device, rule="r", subject="", fault="f", component="", since=AT,
        impact=Impact.DEGRADED, severity="high", title="T", grouping=GroupingPolicy(site="S-1"),
    )  # fmt: skip
    (event,) = grouping.apply_changes(tx, [change])
    agent.sender.queue_ticket(tx, event)
    (seq,) = tx.execute("SELECT max(seq) FROM outbox_event").fetchone()
    tables.dead_letter_event(tx, seq, problem, "refused", AT)


async def test_an_agent_that_does_not_name_a_request_never_gets_it(store: Store, tmp_path: Path) -> None:
    """An agent of before: it asks without `requests`, and hears the feedback on both sides of one."""
    database = tmp_path / "r.db"
    async with serve_app(create_app(database)) as url, running(store, url) as agent:
        await agent.report("opened", 1, AT)
        await agent.sent()
        ((name, _, _),) = names(database)
        for _ in range(2):
            with closing(EventStore(database)) as kept:
                kept.add_feedback(name, {"schema": "mps.feedback/1", "status": "assigned"})
            ask(database, *(request("resend_dead", f"r{number}") for number in range(150)))
        heard: list[Any] = []
        old = ProviderPoller(agent.target, store, Clock(), lambda _, words, __: heard.extend(words))
        await old.poll_provider()
        assert [one.status for one in heard] == ["assigned", "assigned"]
        answer = await agent.target.get("feedback", {"after": "0", "requests": "restate_open,later_kind"})
        assert {one["schema"] for one in json.loads(answer.body)["feedback"]} == {"mps.feedback/1"}


def test_requests_that_no_agent_knows_are_passed_over() -> None:
    entries: list[Any] = [
        {"number": 1, **request("resend_dead")},
        {"number": 2, **request("erase_all")},
        {"number": 3, **request("resend_dead", "")},
        {"number": 4, **request("resend_dead", "r" * 300)},
        {"number": 5, **request("restate_open", since="yesterday")},
        {"number": 6, "schema": "mps.request/2", "request_id": "r", "request": "resend_dead"},
        {"number": 7, **request("restate_open", "r7", later=[1])},
    ]
    page = feedback.parse_page(json.dumps({"feedback": entries, "last": 7}).encode(), 0)
    assert [one.request_id for one in page.requests] == ["r1", "r7"]
    assert (page.unreadable, page.reached, page.entries) == (5, 7, ())


async def test_a_provider_that_does_not_name_requests_is_obeyed_in_none(
    store: Store, provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uplink.receiver.app.REQUEST_KINDS", ())
    monkeypatch.setattr("uplink.receiver.desk_messages._is_known", lambda *_: True)
    async with running(store, provider.url) as agent:
        saved = []
        agent.poller._save_requests = lambda *given: saved.append(given)
        ask(Path(store.path.parent / "receiver.db"), request("resend_dead"))
        await agent.poller.poll_provider()
    assert saved == []


def test_an_answer_is_queued_in_pieces_and_goes_on_after_a_stop(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restatement, "PIECE", 3)
    sender = Sender(site_id="S-1")
    with store.transaction() as tx:
        for printer in range(7):
            device = Device(key=f"sn:{printer:04}", address=Address("192.0.2.1"), serial=str(printer))
            binding._save_device(tx, device, "", home_seen=AT)
            change = Change(
                kind=ChangeKind.OPENED, at=AT, device=device, rule="r", subject="", fault="f", component="", since=AT,
                impact=Impact.DEGRADED, severity="high", title="T", grouping=GroupingPolicy(site="S-1"),
            )  # fmt: skip
            grouping.apply_changes(tx, [change])
        process_requests(tx, [feedback.ProviderRequest.model_validate(request("restate_open"))], AT)
    told: list[Callable[..., Any]] = []
    for _ in range(3):  # each in a transaction of its own, as if the agent had been stopped in between
        with store.transaction() as tx:
            answer = restatement.answer_request(tx, sender, AT)
            told.append((answer.events, answer.finished))  # type: ignore[union-attr, arg-type]
    assert told == [(3, False), (3, False), (1, True)]
    with store.transaction() as tx:
        assert restatement.answer_request(tx, sender, AT) is None
        assert len({one.subject for one in queries.list_pending(tx)}) == 7
