"""The whole way: outbox, delivery, HTTP, receiver, receipt; and the receiver's bad days."""

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from agent.core.clock import Clock
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.errors import Blocked, Throttled, Unreachable
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Lane

Start = Callable[..., Any]
Make = Callable[..., Any]


def ordered(count: int) -> list[str]:
    return [f"T{number:04d}" for number in range(count)]


async def test_tickets_arrive_once_and_in_order(site: Start, provider: Any, make: Make) -> None:
    async with site() as here:
        await here.put([make(number) for number in range(1200)])
        await here.empty()
    assert provider.subjects == ordered(1200)
    events = await provider.get("/v1/events?limit=2000")
    assert [event["sequence"] for event in events] == list(range(1, 1201))


async def test_what_waited_for_the_receiver_arrives_in_order_when_it_is_back(
    site: Start, provider: Any, make: Make
) -> None:
    await provider.behave(fail=503)
    async with site() as here:
        for number in range(30):
            await here.put([make(number)])
        await here.until(lambda counts: counts.accepted == 30)
        assert provider.seen == []
        await provider.behave()
        await here.empty()
    assert provider.subjects == ordered(30)


@pytest.mark.parametrize(
    "mood",
    [
        {"fail": 503, "share": 0.6},
        {"fail": 500, "times": 7},
        {"fail": 429, "share": 0.5},
        {"fail": 409, "times": 3},
        {"fail": 401, "times": 2},
        {"fail": 404, "times": 2},
        {"fail": 413, "times": 4},
        {"most": 3},
    ],
    ids=str,
)
async def test_nothing_is_lost_or_doubled_on_a_bad_day(
    site: Start, provider: Any, make: Make, mood: dict[str, Any]
) -> None:
    await provider.behave(**mood)
    async with site(clock=Clock.scaled(20_000)) as here:
        await here.put([make(number) for number in range(40)])
        await here.empty()
        counts = await here.counts()
    assert provider.subjects == ordered(40)
    assert counts.delivered == {Lane.TICKETS: 40}


async def test_an_answer_lost_on_its_way_doubles_nothing(site: Start, provider: Any, make: Make) -> None:
    await provider.behave(drop=True)
    async with site() as here:
        await here.put([make(number) for number in range(10)])
        await here.until(lambda _: len(provider.seen) == 10)
        assert (await here.counts()).pending == {Lane.TICKETS: 10}, "stored there, but no receipt here"
        await provider.behave()
        await here.empty()
    assert len(await provider.get("/v1/tickets")) == 10
    assert await provider.get("/v1/events/counts") == {"mps.ticket/1": 10}


async def test_the_login_page_of_a_captive_portal_is_no_delivery(
    site: Start, provider: Any, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    await provider.behave(portal=True)
    async with site() as here:
        await here.put([make(1)])
        await here.until(lambda _: "captive portal" in caplog.text)
        assert (await here.counts()).pending == {Lane.TICKETS: 1}
        await provider.behave()
        await here.empty()
    assert provider.subjects == ["T0001"]


@pytest.mark.claim("poison")
async def test_one_poisoned_ticket_stops_no_other(
    site: Start, provider: Any, make: Make, figure: Any
) -> None:
    requests = []

    class Counting(Delivery):
        async def _try_send(self, batch: outbox.Batch) -> Any:
            requests.append(len(batch.ids))
            return await super()._try_send(batch)

    await provider.behave(poison="T0013")
    async with site(kind=Counting) as here:
        await here.put([make(number) for number in range(60)])
        await here.empty()
        (dead,) = await here.store.run(lambda tx: list(queries.list_dead(tx)))
    figure(poisoned=1, events=60, arrived=len(provider.subjects), dead=1, requests=len(requests))
    assert provider.subjects == [name for name in ordered(60) if name != "T0013"]
    assert (dead.subject, dead.reason) == ("T0013", "urn:problem-type:mps:event-unacceptable")


async def test_an_event_that_breaks_its_schema_dies_alone_with_the_reason(
    site: Start, provider: Any, make: Make
) -> None:
    bad = make(1)
    del bad.data["fault"]["title"]
    async with site() as here:
        await here.put([make(0), bad, make(2)])
        await here.empty()
        (dead,) = await here.store.run(lambda tx: list(queries.list_dead(tx)))
    assert provider.subjects == ["T0000", "T0002"]
    assert dead.detail.startswith("fault.title:")


async def late(site: Start, provider: Any, make: Make, lane: Lane) -> int:
    """How many of 2,000 readings the provider has before what was put in `lane` during the first request."""

    class ComesDuringTheFirstRequest(Delivery):
        async def _try_send(self, batch: outbox.Batch) -> Any:
            if not provider.seen:
                await store.run(lambda tx: outbox.put(tx, make(9999, lane)))
            return await super()._try_send(batch)

    async with site(kind=ComesDuringTheFirstRequest) as here:
        store = here.store
        await here.put([make(number, Lane.METERS) for number in range(2000)])
        await here.empty()
    return int(provider.subjects.index("T9999"))


@pytest.mark.claim("tickets-first")
async def test_a_new_ticket_leaves_with_the_next_request_behind_many_readings(
    site: Start, provider: Any, make: Make
) -> None:
    assert await late(site, provider, make, Lane.TICKETS) == outbox.MAX_EVENTS


@pytest.mark.control("tickets-first")
async def test_in_one_row_with_the_readings_it_would_wait_for_all_of_them(
    site: Start, provider: Any, make: Make, figure: Any
) -> None:
    """Broken: everything in one lane."""
    before = await late(site, provider, make, Lane.METERS)
    figure(requests=before // outbox.MAX_EVENTS - 1)
    assert before == 2000


class Recorder:
    """A target that fails as told, and writes down when it was asked and with what."""

    name = "recorder"
    clock_offset = None

    def __init__(self, clock: Clock, *failures: Exception) -> None:
        self.clock, self.failures = clock, list(failures)
        self.asked: list[tuple[float, outbox.Batch]] = []
        self.deferrals = 0  # requests whose events are all put off
        self.news = asyncio.Condition()

    async def send(self, batch: outbox.Batch) -> Any:
        async with self.news:
            self.asked.append((self.clock.now(), batch))
            self.news.notify_all()
        if self.failures:
            raise self.failures.pop(0)
        self.deferrals -= 1
        return {
            name: ItemResult(ItemOutcome.ACCEPTED if self.deferrals < 0 else ItemOutcome.RETRY)
            for name in batch.ids
        }

    async def aclose(self) -> None:
        """Nothing to close."""


async def until_asked(recorder: Recorder, times: int) -> None:
    async with asyncio.timeout(60), recorder.news:
        await recorder.news.wait_for(lambda: len(recorder.asked) >= times)


async def test_retry_after_is_honoured_on_the_fast_clock(store: Store, make: Make) -> None:
    clock = Clock.scaled(20_000)
    recorder = Recorder(clock, Throttled("busy", 1200.0))
    delivery = Delivery(recorder, store, clock, source="/a", dice=Random(1))
    await store.run(lambda tx: outbox.put(tx, make(1)))
    running = asyncio.create_task(delivery.run())
    await until_asked(recorder, 2)
    await delivery.drain(10)
    assert running.done()
    (first, sent), (second, again) = recorder.asked
    assert second - first >= 1200
    assert (sent.key, sent.body) == (again.key, again.body)


async def test_a_pause_is_kept_across_a_restart(site: Start, make: Make) -> None:
    clock = Clock.scaled(20_000)
    recorder = Recorder(clock, Blocked("answered 403"))
    async with site(target=recorder, clock=clock) as here:
        await here.put([make(1)])
        await here.in_trouble()
    async with site(target=recorder, clock=clock) as here:
        await here.empty()
    (first, _), (second, _) = recorder.asked
    assert second - first >= 890, "asked again before the quarter of an hour was over"


async def test_an_open_breaker_tries_with_one_event_and_keeps_the_order(store: Store, make: Make) -> None:
    clock = Clock.scaled(100_000)
    recorder = Recorder(clock, *[Unreachable("down")] * 7)
    await store.run(lambda tx: [outbox.put(tx, make(number)) for number in range(20)])
    running = asyncio.create_task(Delivery(recorder, store, clock, source="/a", dice=Random(1)).run())
    await until_asked(recorder, 9)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [len(batch.ids) for _, batch in recorder.asked] == [20] * 5 + [1, 1, 1, 19]
    assert len({batch.body for _, batch in recorder.asked[:5]}) == 1


async def test_a_new_ticket_goes_first_when_the_pause_is_over(store: Store, make: Make) -> None:
    clock = Clock.scaled(2000)
    recorder = Recorder(clock, Unreachable("down", 60.0))
    delivery = Delivery(recorder, store, clock, source="/a")
    await store.run(lambda tx: outbox.put(tx, make(1, Lane.METERS)))
    running = asyncio.create_task(delivery.run())
    await until_asked(recorder, 1)
    await store.run(lambda tx: outbox.put(tx, make(2)))
    delivery.wake()
    await until_asked(recorder, 3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [batch.lane for _, batch in recorder.asked] == [Lane.METERS, Lane.TICKETS, Lane.METERS]


@pytest.mark.parametrize(
    ("failures", "left"),
    [((), {}), ((Unreachable("down", 3600.0), Unreachable("down")), {Lane.TICKETS: 1})],
    ids=["the receiver is there", "the receiver is down for an hour"],
)
async def test_a_clean_stop_sends_what_it_can_and_waits_no_longer(
    store: Store, make: Make, failures: tuple[Exception, ...], left: dict[Lane, int]
) -> None:
    recorder = Recorder(Clock(), *failures)
    delivery = Delivery(recorder, store, Clock(), source="/a")
    await store.run(lambda tx: outbox.put(tx, make(1)))
    running = asyncio.create_task(delivery.run())
    await until_asked(recorder, 1)
    await delivery.drain(20)
    assert running.done()
    assert (await store.run(queries.count_outbox)).pending == left


async def test_what_was_put_during_the_nap_is_sent_by_the_drain(store: Store, make: Make) -> None:
    recorder = Recorder(Clock())
    delivery = Delivery(recorder, store, Clock(), source="/agents/test")
    running = asyncio.create_task(delivery.run())
    await asyncio.sleep(0.2)  # it naps by now; if not, the drain has it easier
    await store.run(lambda tx: outbox.put(tx, make(1)))
    delivery.wake()
    await delivery.drain(20)
    assert running.done()
    assert len(recorder.asked) == 1


async def test_a_deferred_event_goes_by_itself_when_it_is_due(site: Start, make: Make) -> None:
    clock = Clock.scaled(20)
    recorder = Recorder(clock)
    recorder.deferrals = 2
    async with site(target=recorder, clock=clock) as here:
        await here.put([make(1)])
        await here.empty()
    assert len(recorder.asked) == 3


async def test_nothing_to_do_is_done_quietly(store: Store, make: Make) -> None:
    class Counting:
        runs = 0

        async def run(self, work: Callable[..., Any]) -> Any:
            self.runs += 1
            return await store.run(work)

    counting, recorder = Counting(), Recorder(Clock())
    delivery = Delivery(recorder, counting, Clock(), source="/a")
    await store.run(lambda tx: outbox.put(tx, make(1)))
    running = asyncio.create_task(delivery.run())
    delivery.wake()
    await until_asked(recorder, 1)
    await asyncio.sleep(0.3)
    await delivery.drain(10)
    assert running.done()
    assert counting.runs < 15, "a sender with nothing to send looks again and again"


async def test_trouble_is_said_once_and_its_end_too(
    site: Start, provider: Any, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="uplink.delivery.delivery")
    await provider.behave(fail=503, times=4)
    async with site(clock=Clock.scaled(20_000)) as here:
        await here.put([make(1)])
        await here.empty()
    said = [record.getMessage() for record in caplog.records if record.name == "uplink.delivery.delivery"]
    assert [message.split(": ", 1)[-1] for message in said] == [
        "answered 503: Failing on request; nothing is lost, it is tried again",
        f"{provider.url}/v1/events takes deliveries again",
    ]


class DeletesFirst(Delivery):
    """Broken: at most once. Takes the events off the queue before the receiver has them."""

    async def _try_send(self, batch: outbox.Batch) -> Any:
        done = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
        await self._store.run(lambda tx: outbox.apply_receipt(tx, batch, done, now=0, dice=Random(1)))
        return await super()._try_send(batch)


async def test_a_delivery_that_deletes_before_the_receipt_is_found_out(
    site: Start, provider: Any, make: Make
) -> None:
    await provider.behave(fail=503, times=1)
    async with site(kind=DeletesFirst) as here:
        await here.put([make(1)])
        await here.empty()
    assert provider.subjects == [], "the broken variant should have lost it"
