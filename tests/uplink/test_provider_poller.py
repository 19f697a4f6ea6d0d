"""The desk is heard: all of it, through every trouble, and never at the cost of a delivery."""

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.core.clock import Clock
from agent.core.store import Store
from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.errors import Unreachable
from uplink.events.feedback import Feedback
from uplink.identity import identity
from uplink.provider import feedback, provider_state
from uplink.provider.capabilities import Capabilities
from uplink.provider.poller import MAX_PAGES, ProviderPoller
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope
from uplink.targets import https

known_of = provider_state.load_provider  # `provider` is a fixture below
ANSWERS = {"feedback": True, "batch": {"events": 7}}


@dataclass
class Desk:
    """A provider that is told what to answer."""

    url: str = ""
    words: list[dict[str, Any]] = field(default_factory=list)
    capabilities: Any = field(default_factory=lambda: dict(ANSWERS))
    statuses: list[int] = field(default_factory=list)  # of the next answers; then 200
    asked: list[str] = field(default_factory=list)
    page: int = 10

    def say(self, count: int, **more: Any) -> None:
        for _ in range(count):
            number = len(self.words) + 1
            self.words.append(
                {"number": number, "schema": "mps.feedback/1", "ticket_id": f"T{number}"} | more
            )

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return JSONResponse({"title": "No"}, status)
        if request.url.path.endswith("capabilities"):
            if isinstance(self.capabilities, int):
                return JSONResponse({}, self.capabilities)
            return Response(
                self.capabilities if isinstance(self.capabilities, str) else json.dumps(self.capabilities)
            )
        after = int(request.query_params["after"])
        found = [word for word in self.words if word["number"] > after][: self.page]
        last = max((word["number"] for word in self.words), default=0)
        return JSONResponse({"feedback": found, "last": last})


@dataclass
class Asking:
    """An office, and what it heard."""

    office: ProviderPoller
    store: Store
    desk: Desk
    heard: list[str] = field(default_factory=list)
    broken: bool = False  # hearing fails

    def hear(self, tx: sqlite3.Connection, words: Sequence[Feedback], now: float) -> None:
        assert now > 0
        for word in words:
            tx.execute("INSERT INTO heard VALUES (?)", (word.ticket_id,))
        if self.broken:
            raise sqlite3.OperationalError("disk full")

    @property
    def told(self) -> list[str]:
        """What was heard and kept, in order."""
        with self.store.transaction() as tx:
            return [row[0] for row in tx.execute("SELECT ticket FROM heard ORDER BY rowid")]

    @property
    def known(self) -> provider_state.ProviderState:
        with self.store.transaction() as tx:
            return provider_state.load_provider(tx, f"{self.desk.url}/v1/events")


@pytest.fixture
async def asking(store: Store) -> AsyncIterator[Asking]:
    desk = Desk()
    app = Starlette(routes=[Route("/v1/{what}", desk.answer)])
    with store.transaction() as tx:
        tx.execute("CREATE TABLE heard (ticket TEXT)")
    async with serve_app(app) as desk.url, target_at(desk.url) as target:
        here = Asking(office=None, store=store, desk=desk)  # type: ignore[arg-type]
        clock = Clock.scaled(50_000)
        here.office = ProviderPoller(target, store, clock, here.hear, dice=Random(1))
        yield here


@asynccontextmanager
async def target_at(url: str, **settings: Any) -> AsyncIterator[https.HttpsTarget]:
    target = https.connect(https.Settings(url=f"{url}/v1/events", insecure_loopback=True, **settings))
    try:
        yield target
    finally:
        await target.aclose()


async def test_every_word_is_heard_once_in_order_page_by_page(asking: Asking) -> None:
    asking.desk.say(25)
    await asking.office.poll_provider()
    assert asking.told == [f"T{n}" for n in range(1, 26)]
    assert asking.known.after == 25
    asking.desk.say(2)
    await asking.office.poll_provider()
    assert asking.told[25:] == ["T26", "T27"]
    assert asking.known.takes == Capabilities(events=7, feedback=True)


async def test_only_who_offers_feedback_is_asked_for_it(asking: Asking) -> None:
    for said in ({}, {"feedback": False}, {"feedback": "yes"}, [], "<h1>Welcome</h1>", 404, 501):
        asking.desk.capabilities, asking.desk.asked = said, []
        await asking.store.run(lambda tx: tx.execute("DELETE FROM outbox_provider"))
        await asking.office.poll_provider()
        assert asking.desk.asked == ["/v1/capabilities"], said
        assert asking.known.takes == Capabilities(), said
        assert not asking.known.trouble, said


async def test_what_was_known_outlives_a_captive_portal(asking: Asking) -> None:
    await asking.office.poll_provider()
    asking.desk.capabilities = "<h1>Welcome</h1>"
    await asking.store.run(lambda tx: tx.execute("UPDATE outbox_provider SET asked_at = 0"))
    await asking.office.poll_provider()
    assert asking.known.takes == Capabilities(events=7, feedback=True)


async def test_capabilities_are_asked_for_once_a_day(asking: Asking) -> None:
    for _ in range(3):
        await asking.office.poll_provider()
    assert asking.desk.asked.count("/v1/capabilities") == 1
    await asking.store.run(lambda tx: tx.execute("UPDATE outbox_provider SET asked_at = asked_at - 100000"))
    await asking.office.poll_provider()
    assert asking.desk.asked.count("/v1/capabilities") == 2


async def test_words_and_cursor_are_kept_together_or_not_at_all(asking: Asking) -> None:
    asking.desk.say(5)
    asking.broken = True
    with pytest.raises(sqlite3.OperationalError):
        await asking.office.poll_provider()
    assert (asking.told, asking.known.after) == ([], 0)
    asking.broken = False
    await asking.office.poll_provider()
    assert (len(asking.told), asking.known.after) == (5, 5)


async def test_a_crash_between_pages_hears_the_rest_later_and_nothing_twice(asking: Asking) -> None:
    asking.desk.say(25)
    asking.desk.statuses = [200, 200, 503]  # capabilities, a page, then nothing
    await asking.office.poll_provider()
    assert (len(asking.told), asking.known.after) == (10, 10)
    await until_well(asking)
    assert asking.told == [f"T{n}" for n in range(1, 26)]


async def until_well(asking: Asking) -> None:
    """Rounds until the pause after a failure is over."""
    for _ in range(1000):
        await asking.office.poll_provider()
        if not asking.known.trouble:
            return
        await asking.office._clock.sleep(60)
    raise AssertionError("it never went on")


@pytest.mark.parametrize(
    ("bad", "kept"),
    [
        ({"number": 2, "schema": "mps.feedback/1"}, ["T1", "T3"]),
        ({"number": 2, "schema": "mps.feedback/9", "ticket_id": "T2"}, ["T1", "T3"]),
        ({"number": 2, "schema": "mps.feedback/1", "ticket_id": "T2", "status": "melted"}, ["T1", "T3"]),
        ({"number": "2", "schema": "mps.feedback/1", "ticket_id": "T2"}, ["T1", "T3"]),
        ({"number": True, "ticket_id": "T2"}, ["T1", "T3"]),
        ({"number": 2**60, "ticket_id": "T2"}, ["T1", "T3"]),
        ({"number": -2, "ticket_id": "T2"}, ["T1", "T3"]),
        (None, ["T1", "T3"]),
        ({"number": 2, "schema": "mps.feedback/1", "ticket_id": "T2", "more": [1]}, ["T1", "T2", "T3"]),
    ],
    ids=str,
)
def test_a_bad_word_does_not_stand_in_the_way(bad: Any, kept: list[str]) -> None:
    good = [{"number": n, "schema": "mps.feedback/1", "ticket_id": f"T{n}"} for n in (1, 3)]
    page = feedback.parse_page(json.dumps({"feedback": [good[0], bad, good[1]], "last": 3}).encode(), 0)
    assert [word.ticket_id for word in page.entries] == kept
    assert (page.reached, page.restarted) == (3, False)


async def test_a_bad_word_alone_is_passed_over(asking: Asking) -> None:
    asking.desk.say(1, status="melted")
    await asking.office.poll_provider()
    asking.desk.say(1)
    await asking.office.poll_provider()
    assert (asking.told, asking.known.after, asking.known.trouble) == (["T2"], 2, "")


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"feedback": {}}', '{"feedback": 7}', "<h1>Welcome</h1>", "[" * 9999]
)
def test_what_is_no_page_is_somebody_else(body: str) -> None:
    with pytest.raises(Unreachable):
        feedback.parse_page(body.encode(), 7)


async def test_what_is_no_page_moves_nothing(asking: Asking) -> None:
    async def answer(request: Request) -> Response:
        return JSONResponse(ANSWERS) if "capabilities" in request.url.path else Response("<h1>Welcome</h1>")

    async with serve_app(Starlette(routes=[Route("/v1/{what}", answer)])) as url, target_at(url) as target:
        await ProviderPoller(target, asking.store, Clock(), asking.hear).poll_provider()
        with asking.store.transaction() as tx:
            known = provider_state.load_provider(tx, target.name)
    assert (known.after, bool(known.trouble), asking.told) == (0, True, [])


async def test_a_desk_that_repeats_itself_for_ever_is_left_after_a_while(asking: Asking) -> None:
    asked = []

    async def answer(request: Request) -> Response:
        asked.append(request)
        if "capabilities" in request.url.path:
            return JSONResponse(ANSWERS)
        number = int(request.query_params["after"]) + 1
        word = {"number": number, "schema": "mps.feedback/1", "ticket_id": "T"}
        return JSONResponse(ANSWERS | {"feedback": [word]})

    async with serve_app(Starlette(routes=[Route("/v1/{what}", answer)])) as url, target_at(url) as target:
        await ProviderPoller(target, asking.store, Clock(), asking.hear).poll_provider()
    assert len(asked) == MAX_PAGES + 1


async def test_a_provider_that_went_back_to_a_backup_is_heard_from_the_start(asking: Asking) -> None:
    asking.desk.say(20)
    await asking.office.poll_provider()
    del asking.desk.words[12:]
    await asking.office.poll_provider()
    assert asking.known.after == 12
    asking.desk.say(1)
    await asking.office.poll_provider()
    assert asking.told[-1] == "T13"


async def test_while_delivery_has_trouble_nobody_is_asked(asking: Asking) -> None:
    name = f"{asking.desk.url}/v1/events"
    troubles = [
        DestinationState(name=name, failures=5, due=0.0, reason="busy"),
        DestinationState(name=name, failures=1, due=asking.office._clock.now() + 3000, reason="busy"),
        DestinationState(name=name, held=True, reason="locked"),
    ]
    for trouble in troubles:
        await asking.store.run(lambda tx, trouble=trouble: destination_state.save_destination(tx, trouble))
        await asking.office.poll_provider()
        assert asking.desk.asked == [], trouble
    await asking.store.run(lambda tx: destination_state.save_destination(tx, DestinationState(name=name)))
    await asking.office.poll_provider()
    assert asking.desk.asked


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_trouble_at_the_desk_is_its_own_and_keeps_no_ticket_from_leaving(
    provider: Any, site: Any, make: Callable[..., Any], status: int
) -> None:
    async def answer(request: Request) -> Response:
        if "capabilities" in request.url.path:
            return JSONResponse(ANSWERS)
        return JSONResponse({"title": "No"}, status)

    async with site() as here, serve_app(Starlette(routes=[Route("/v1/{what}", answer)])) as url:
        async with target_at(url) as target:
            office = ProviderPoller(target, here.store, Clock(), lambda *_: None)
            await office.poll_provider()
            name = target.name
            told = await here.store.run(lambda tx: destination_state.load_destination(tx, name))
            assert told == DestinationState(name=name)
        await here.put([make(1)])
        await here.empty()
        assert (await here.store.run(lambda tx: known_of(tx, name))).trouble


async def test_against_the_receiver_a_word_of_its_command_is_heard(
    tmp_path: Any, store: Store, tickets: Callable[..., dict[str, Any]]
) -> None:
    heard: list[Feedback] = []
    ledger = EventStore(tmp_path / "r.db")
    ledger.tickets.apply_event(SiteScope("", "S-04"), "a", tickets(1))
    assert not ledger.add_feedback("nobody", {"schema": "mps.feedback/1", "ticket_id": "nobody"})
    assert ledger.add_feedback(
        "T0001", {"schema": "mps.feedback/1", "ticket_id": "T0001", "status": "closed"}
    )
    async with serve_app(create_app(tmp_path / "r.db", token="right")) as url:
        (tmp_path / "token").write_text("right")
        async with target_at(url, token_file=tmp_path / "token") as target:
            await ProviderPoller(
                target, store, Clock(), lambda _, words, __: heard.extend(words)
            ).poll_provider()
    ledger.close()
    assert [(word.ticket_id, word.status) for word in heard] == [("T0001", "closed")]
    assert heard[0].dedupe_key == tickets(1)["dedupe_key"]


class Naps:
    """A clock that notes how long somebody wanted to sleep, and ends it after some naps."""

    def __init__(self, naps: int) -> None:
        self.naps, self.left = list[float](), naps

    def now(self) -> float:
        return 1.79e9

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.left -= 1
        if self.left == 0:
            raise asyncio.CancelledError


async def naps(asking: Asking, seed: int, count: int) -> list[float]:
    """How long an agent naps before its first round, and between the next."""
    clock = Naps(count)
    office = ProviderPoller(asking.office._target, asking.store, clock, asking.hear, dice=Random(seed))
    with pytest.raises(asyncio.CancelledError):
        await office.run()
    return clock.naps


async def test_many_agents_that_start_together_do_not_ask_together(asking: Asking) -> None:
    first = [(await naps(asking, seed, 1))[0] for seed in range(2000)]
    a_second = Counter(int(at) for at in first)
    assert max(first) <= 180
    assert max(a_second.values()) < 0.02 * 2000


async def test_it_asks_every_quarter_of_an_hour_give_or_take(asking: Asking) -> None:
    _, *between = await naps(asking, 1, 12)
    assert all(0.9 * 900 <= nap <= 1.1 * 900 for nap in between)
    assert len(set(between)) == len(between)
    assert asking.desk.asked.count("/v1/feedback?after=0") == len(between)


async def test_a_full_disk_ends_nothing(asking: Asking) -> None:
    asking.desk.say(1)
    asking.broken = True
    assert len(await naps(asking, 1, 4)) == 4
    assert asking.told == []


async def test_an_enrolled_agent_hears_of_its_own_site_only_and_nothing_once_it_is_unknown(
    tmp_path: Any, store: Store, tickets: Callable[..., dict[str, Any]]
) -> None:
    heard: list[Feedback] = []
    with closing(EventStore(tmp_path / "r.db")) as ledger:
        for number, at in ((1, "S-04"), (2, "S-05"), (3, "S-04")):
            ledger.tickets.apply_event(SiteScope("", at), "a", tickets(number))
            said = {"schema": "mps.feedback/1", "ticket_id": f"T000{number}", "status": "closed"}
            assert ledger.add_feedback(f"T000{number}", said)
        gate = AgentAuth(ledger)
        (tmp_path / "token").write_text(gate.issue_token("S-04", time.time()))
        async with serve_app(create_app(tmp_path / "r.db", enrolment=True)) as url:
            there = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
            async with https.build_client(there) as client:
                known = await identity.enrol_agent(
                    client, there.url, tmp_path / "id", token_source=str(tmp_path / "token"), site_id="S-04"
                )
            target = https.connect(there, known)
            office = ProviderPoller(target, store, Clock(), lambda _, words, __: heard.extend(words))
            await office.poll_provider()
            assert [word.ticket_id for word in heard] == ["T0001", "T0003"]
            gate.revoke_agent(known.agent_id)
            await office.poll_provider()
            await target.aclose()
    with store.transaction() as tx:
        assert "printwarden enroll" in known_of(tx, target.name).trouble
    assert len(heard) == 2
