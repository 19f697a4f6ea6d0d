"""Budgets, turns and the ladder: what holds whatever the traffic."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent import app
from agent.config import build_config
from agent.core.model import Credential
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid
from agent.snmp.request_strategy import ReadMode, RequestStrategy
from agent.snmp.slots import Slots
from agent.snmp.token_bucket import MAX_SUBNETS, SubnetBuckets, TokenBucket, subnet_prefix

PUBLIC = Credential(name="public")


@given(some.lists(some.floats(0, 0.5), min_size=1, max_size=200), some.floats(1, 500), some.floats(1, 50))
@settings(deadline=None)
def test_no_stretch_of_time_sees_more_than_rate_and_burst(
    pauses: list[float], rate: float, burst: float
) -> None:
    bucket, now, departures = TokenBucket(rate, burst), 0.0, []
    for pause in pauses:
        now += pause
        departures.append(now + bucket.take_token(now))
    for first in range(0, len(departures), 7):
        for last in range(first, len(departures), 5):
            took = departures[last] - departures[first]
            assert last - first + 1 <= burst + rate * took + 1e-6


def test_departures_keep_the_order_of_asking() -> None:
    bucket = TokenBucket(10.0)
    assert [round(bucket.take_token(0.0), 6) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]
    assert bucket.take_token(100.0) == 0.0


def test_a_busy_subnet_does_not_hold_up_another() -> None:
    subnets = SubnetBuckets(20.0, 1.0)
    for _ in range(100):
        subnets.take_token(subnet_prefix("10.1.1.7"), 0.0)
    assert subnets.take_token(subnet_prefix("10.1.1.250"), 0.0) == pytest.approx(5.0)
    assert subnets.take_token(subnet_prefix("10.1.2.7"), 0.0) == 0.0
    assert subnet_prefix("2001:db8::1") == subnet_prefix("2001:db8::ffff") != subnet_prefix("2001:db8:0:1::1")


def test_idle_subnets_are_forgotten() -> None:
    subnets = SubnetBuckets(20.0, 1.0)
    for number in range(3 * MAX_SUBNETS):
        subnets.take_token(number.to_bytes(3, "big"), float(number))
    assert len(subnets._buckets) <= MAX_SUBNETS


async def test_the_budget_of_a_subnet_is_kept_on_the_wire(agent) -> None:
    printers = [await agent({(1, 3, 6, 1, 2, 1, 1, 3, 0): 1}) for _ in range(4)]
    loop = asyncio.get_running_loop()
    async with SnmpClient(SnmpSettings(requests_per_subnet=20.0)) as engine:
        began = loop.time()
        for _ in range(5):
            await asyncio.gather(
                *(
                    engine.create_reader(each.address, PUBLIC).get([oid("1.3.6.1.2.1.1.3.0")])
                    for each in printers
                )
            )
        assert sum(len(each.asked) for each in printers) == 20
        assert loop.time() - began >= (20 - 10) / 20.0 - 0.05  # a burst of ten, then one every 50 ms


async def test_one_printer_is_never_asked_two_things_at_once(agent, engine) -> None:
    printer = await agent({(1, 3, 6, 1, 2, 1, 1, 3, 0): 1}, delay=0.02)
    under_way, most, impolite = 0, 0, asyncio.Event()
    answer = printer.reply

    def counted(packet: bytes, addr: object) -> None:
        nonlocal under_way
        under_way -= 1
        answer(packet, addr)

    def asked(question: object, packet: bytes) -> list[bytes]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if most > 1:
            impolite.set()
        return [packet]

    printer.reply, printer.bend = counted, asked
    readers = [engine.create_reader(printer.address, PUBLIC) for _ in range(10)]
    reads = asyncio.gather(*(reader.get([oid("1.3.6.1.2.1.1.3.0")]) for reader in readers))
    warned = asyncio.ensure_future(impolite.wait())
    await asyncio.wait({reads, warned}, return_when=asyncio.FIRST_COMPLETED)  # impolite reads may never end
    warned.cancel()
    assert most == 1
    await reads
    assert len(printer.asked) == 10


async def test_places_are_given_in_order_and_survive_who_gives_up() -> None:
    places, seen = Slots(1), []

    async def visit(name: str) -> None:
        await places.acquire()
        seen.append(name)
        await asyncio.sleep(0)
        places.release()

    await places.acquire()
    visitors = [asyncio.create_task(visit(name)) for name in "abcd"]
    await asyncio.sleep(0)
    visitors[1].cancel()
    places.release()
    visitors[0].cancel()  # called already, in the same turn of the loop
    await asyncio.gather(*visitors, return_exceptions=True)
    assert seen == ["c", "d"]
    assert places.has_free


@given(
    some.sampled_from([None, "1", "2c", "3"]),
    some.sampled_from(ReadMode),
    some.integers(1, 25),
    some.integers(1, 20),
)
def test_what_was_learned_comes_back_from_its_text(version, rung, repetitions, varbinds) -> None:
    ladder = RequestStrategy(version=version, read_mode=rung, repetitions=repetitions, varbinds=varbinds)
    assert RequestStrategy.parse(str(ladder)) == ladder


@pytest.mark.parametrize(
    "text", ["", "2c bulk 25", "2c bulk 25 20 7", "2c jump 25 20", "2c bulk many 20", "2c bulk 25 few", "x"]
)
def test_what_cannot_be_read_is_as_if_nothing_had_been_learned(text: str) -> None:
    assert RequestStrategy.parse(text) == RequestStrategy()


@given(some.text())
def test_whatever_was_stored_a_ladder_is_within_its_bounds(text: str) -> None:
    ladder = RequestStrategy.parse(text)
    assert 1 <= ladder.repetitions <= 25
    assert 1 <= ladder.varbinds <= 20


STARTS = [
    ("nothing known", "2c", None, "? bulk 25 20"),
    ("known to speak only v1", "2c", "1 next 25 20", "1 next 25 20"),
    ("a v1 credential never sends GETBULK", "1", None, "1 next 25 20"),
    ("what was learned of v3 says nothing about v2c", "2c", "3 next 25 20", "? bulk 25 20"),
    ("what was learned of v2c holds for v3", "3", "2c next 10 5", "3 next 10 5"),
    ("nonsense", "2c", "2c bulk 9999 0", "2c bulk 25 1"),
]


@pytest.mark.parametrize(("story", "version", "learned", "start"), STARTS, ids=[s[0] for s in STARTS])
def test_where_a_reader_begins(story: str, version: str, learned: str | None, start: str) -> None:
    assert str(RequestStrategy.for_credential(Credential(name="c", version=version), learned)) == start


@given(some.integers(1, 20), some.integers(1, 25))
def test_an_answer_never_holds_more_than_sixty_varbinds(columns: int, repetitions: int) -> None:
    assert columns * RequestStrategy(repetitions=repetitions).repetitions_for(columns) <= 60


def test_too_big_always_ends() -> None:
    ladder, steps = RequestStrategy(version="2c"), 0
    while (smaller := ladder.reduce_request(ladder.varbinds)) is not None:
        ladder, steps = smaller, steps + 1
    assert (ladder.varbinds, ladder.repetitions) == (1, 1)
    assert steps < 15


WAKES_AFTER = 18.0  # seconds that a sleeping printer may need before it answers (seen in the field)


@pytest.mark.parametrize(
    "configured", [True, False], ids=["by default of config.toml", "by default of the engine"]
)
def test_a_sleeping_printer_is_given_half_a_minute_to_wake(tmp_path: Path, configured: bool) -> None:
    client = app.build_snmp_client(build_config({}, tmp_path)) if configured else SnmpClient()
    settings = client.settings
    waits = settings.attempt_waits(settings.retries + 1)
    assert waits == [2.0, 4.0, 8.0, 16.0]
    assert sum(waits[:-1]) < WAKES_AFTER < sum(waits), "the last attempt is answered"
