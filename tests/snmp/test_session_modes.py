"""Every way in which field reports say that printers misbehave, against the simulator's printers.

The table: what the printer does, what is read from it all the same, and what the engine remembers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from loopback import own

from agent.core.clock import Clock
from agent.core.errors import MalformedReply, NoAnswer
from agent.core.model import Address, Credential
from agent.simulator.ber import BerTag, BerValue
from agent.simulator.ber import oid as arcs_of
from agent.simulator.device import SimulatedDevice
from agent.simulator.endpoint import PacketKind
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.walk import StaticDevice
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid
from agent.snmp.printer_session import DeviceReader

SUPPLIES = "1.3.6.1.2.1.43.11.1.1"
LEVELS = oid(f"{SUPPLIES}.9")
UPTIME, NAME, CONTACT = oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.1.5.0"), oid("1.3.6.1.2.1.1.4.0")
PUBLIC = Credential(name="public")
QUICK = SnmpSettings(timeout=0.2, retries=2, requests_per_second=None, requests_per_subnet=None)

VALUES = {
    arcs_of("1.3.6.1.2.1.1.3.0"): BerValue(BerTag.TICKS, 360_000),
    arcs_of("1.3.6.1.2.1.1.5.0"): BerValue(BerTag.OCTETS, b"copyroom"),
    arcs_of("1.3.6.1.4.1.11.2.3.9.4.2.1.0"): BerValue(BerTag.INTEGER, 1),
    **{
        arcs_of(f"{SUPPLIES}.{column}.1.{row}"): BerValue(
            BerTag.INTEGER, -3 if column == 9 and row == 7 else row
        )
        for column in range(2, 10)
        for row in range(1, 8)
    },
}
LEVEL_ROWS = [(oid(f"{SUPPLIES}.9.1.{row}"), -3 if row == 7 else row) for row in range(1, 8)]


def member(*quirks: str, **changed: object) -> SimulatedDevice:
    """One simulated printer with these quirks."""
    return SimulatedDevice(
        address=Address(own("20.1"), 0), source=StaticDevice(VALUES), name="HP", quirks=quirks, **changed
    )


@asynccontextmanager
async def printer(*quirks: str, clock: Clock | None = None, **changed: object) -> AsyncIterator[Address]:
    """Its address, while it is on."""
    async with SimulatedFleet([member(*quirks, **changed)], clock=clock) as fleet:
        yield fleet.members[0].address


async def read_all(reader: DeviceReader) -> tuple[dict[bytes, object], list[object]]:
    """A poll in small: two scalars, one that is not there, and a column of a table."""
    got = await reader.get([NAME, CONTACT, UPTIME])
    assert got.pop(UPTIME) >= 0
    return got, await reader.walk(LEVELS)


READ_ALL_THE_SAME: list[tuple[str, str, str]] = [
    ("well-behaved", "", "2c bulk 25 20"),
    ("GETBULK loops", "bulk_loops", "2c next 25 20"),
    ("GETBULK repeats its first row", "bulk_repeats", "2c next 25 20"),
    ("GETBULK fails with genErr", "no_bulk", "2c next 25 20"),
    ("GETBULK replies are cut off", "bulk_cut=90", "2c next 25 20"),
    ("GETBULK is ignored", "ignores_bulk", "2c next 25 20"),
    ("only SNMPv1", "v1_only", "1 next 25 20"),
    ("one unknown OID fails the request", "no_such_name", "2c bulk 25 20"),
    ("tooBig above two varbinds", "too_big=2", "2c bulk 1 2"),
    ("OIDs do not increase", "not_increasing", "2c get 25 20"),
    ("replies come after the first time-out", "late=0.3", "2c bulk 25 20"),
    ("the request-id comes back in 16 bits", "cut_id", "2c bulk 25 20"),
    ("octets follow the reply", "padded=6", "2c bulk 25 20"),
    ("every reply comes twice", "twice=0.01", "2c bulk 25 20"),
]


@pytest.mark.parametrize(
    ("story", "quirk", "learned"), READ_ALL_THE_SAME, ids=[s for s, *_ in READ_ALL_THE_SAME]
)
async def test_it_is_read_all_the_same(story: str, quirk: str, learned: str) -> None:
    async with printer(*filter(None, [quirk])) as address, SnmpClient(QUICK) as engine:
        reader = engine.create_reader(address, PUBLIC)
        assert await read_all(reader) == ({NAME: b"copyroom"}, LEVEL_ROWS)
        assert reader.learned == learned


NEVER_AGAIN: list[tuple[str, Callable[[PacketKind], bool]]] = [
    ("bulk_loops", lambda packet: packet.kind == "GET_BULK"),
    ("no_bulk", lambda packet: packet.kind == "GET_BULK"),
    ("ignores_bulk", lambda packet: packet.kind == "GET_BULK"),
    ("v1_only", lambda packet: packet.version == "2c"),
]


@pytest.mark.parametrize(("quirk", "failed"), NEVER_AGAIN, ids=[quirk for quirk, _ in NEVER_AGAIN])
async def test_what_was_learned_is_not_learned_again(
    quirk: str, failed: Callable[[PacketKind], bool]
) -> None:
    """The second session sends no packet of the kind that failed in the first."""

    def failures() -> int:
        return sum(count for packet, count in fleet.count_packets().items() if failed(packet))

    async with SimulatedFleet([member(quirk)]) as fleet:
        address = fleet.members[0].address
        async with SnmpClient(QUICK) as engine:
            first = engine.create_reader(address, PUBLIC)
            await read_all(first)
        before = failures()
        async with SnmpClient(QUICK) as engine:
            second = engine.create_reader(address, PUBLIC, first.learned)
            await read_all(second)
        assert before > 0
        assert failures() == before
        assert second.learned == first.learned


async def test_a_v1_printer_is_asked_only_once_for_what_it_does_not_have() -> None:
    async with printer("v1_only") as address, SnmpClient(QUICK) as engine:
        reader = engine.create_reader(address, PUBLIC)
        await reader.get([NAME, CONTACT])
        before = engine.counters.sent
        assert await engine.create_reader(address, PUBLIC, reader.learned).get([NAME, CONTACT]) == {
            NAME: b"copyroom"
        }
        assert engine.counters.sent == before + 1


async def read_until(seen: Callable[[], int], reader: DeviceReader) -> None:
    """Read all again and again, whole each time, until the printer's dice have done what is looked for."""
    for _ in range(50):
        assert await read_all(reader) == ({NAME: b"copyroom"}, LEVEL_ROWS)
        if seen():
            return
    pytest.fail("it never happened")


async def test_lost_requests_are_repeated() -> None:
    async with printer("drop=30") as address, SnmpClient(replace(QUICK, retries=9, growth=1.0)) as engine:
        await read_until(lambda: engine.counters.timeouts, engine.create_reader(address, PUBLIC))


async def test_copies_of_answers_are_counted_and_dropped() -> None:
    async with printer("twice=0.01") as address, SnmpClient(QUICK) as engine:
        reader = engine.create_reader(address, PUBLIC)
        await reader.get([NAME])
        async with asyncio.timeout(5):
            while not engine.counters.duplicate:
                await asyncio.sleep(0.01)
        assert (engine.counters.answered, engine.counters.duplicate) == (1, 1)
        assert engine.counters.foreign == 0


async def test_an_answer_from_another_port_is_nobodys() -> None:
    async with printer("elsewhere") as address, SnmpClient(QUICK) as engine:
        with pytest.raises(NoAnswer):
            await engine.create_reader(address, PUBLIC).get([NAME])
        assert engine.counters.foreign == engine.counters.sent == 3


async def test_an_answer_with_another_id_is_nobodys() -> None:
    async with printer("wrong_id") as address, SnmpClient(QUICK) as engine:
        with pytest.raises(NoAnswer):
            await engine.create_reader(address, PUBLIC).get([NAME])
        assert engine.counters.late == 3
        assert engine.counters.answered == 0


async def test_nothing_but_garbage_is_said_to_be_garbage() -> None:
    async with printer("garbage=100") as address, SnmpClient(QUICK) as engine:
        with pytest.raises(MalformedReply, match="only broken answers came"):
            await engine.create_reader(address, PUBLIC).get([NAME])
        assert engine.counters.malformed > 0


async def test_some_garbage_is_only_counted() -> None:
    async with printer("garbage=40") as address, SnmpClient(replace(QUICK, retries=9, growth=1.0)) as engine:
        await read_until(lambda: engine.counters.malformed, engine.create_reader(address, PUBLIC))


async def test_a_wrong_community_is_silence_and_not_guessed_to_be_more() -> None:
    async with printer(community="private") as address, SnmpClient(QUICK) as engine:
        with pytest.raises(NoAnswer):
            await engine.create_reader(address, PUBLIC).get([NAME])
        known = engine.create_reader(address, Credential(name="p", community="private"))
        assert await known.get([NAME]) == {NAME: b"copyroom"}


async def test_a_printer_that_needs_eighteen_seconds_to_wake_is_read() -> None:
    """Twenty times as fast as in life: 0.1 + 0.2 + 0.4 + 0.8 s of patience stand for the usual 30."""
    clock = Clock.scaled(20)
    patient = replace(QUICK, timeout=0.1, retries=3)
    async with printer("sleepy=18", clock=clock) as address, SnmpClient(patient) as engine:
        reader = engine.create_reader(address, PUBLIC)
        assert await reader.get([NAME]) == {NAME: b"copyroom"}
        assert engine.counters.timeouts >= 2
        assert await reader.walk(LEVELS) == LEVEL_ROWS
        assert reader.learned == "2c bulk 25 20"


async def test_a_printer_that_crashes_after_each_poll_is_silent_and_then_back() -> None:
    clock = Clock.scaled(60)
    async with printer("reboots=30", clock=clock) as address, SnmpClient(replace(QUICK, retries=3)) as engine:
        reader = engine.create_reader(address, PUBLIC)
        before = (await reader.get([UPTIME]))[UPTIME]
        await clock.sleep(12)
        again = (await reader.get([UPTIME]))[UPTIME]
        assert again < before


VALUE_QUIRKS: list[tuple[str, Callable[[int], object]]] = [
    ("levels_as_text", lambda level: str(level).encode()),
    ("unsigned", lambda level: level & 0xFFFFFFFF if level < 0 else level),
]


@pytest.mark.parametrize(("quirk", "sent"), VALUE_QUIRKS)
async def test_wrong_value_types_arrive_as_they_were_sent(quirk: str, sent: Callable[[int], object]) -> None:
    async with printer(quirk) as address, SnmpClient(QUICK) as engine:
        rows = await engine.create_reader(address, PUBLIC).walk(LEVELS)
        assert rows == [(name, sent(level)) for name, level in LEVEL_ROWS]
