"""Each way in which a simulated printer can misbehave, seen from outside."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from loopback import own

from agent.core.clock import Clock
from agent.core.model import Address
from agent.simulator import models, quirk
from agent.simulator.ber import (
    BerTag,
    BerValue,
    MessageVersion,
    Oid,
    PduType,
    RequestMessage,
    ResponseMessage,
    encode_response,
)
from agent.simulator.device import build_printer
from agent.simulator.endpoint import make_responder
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.quirk import Responder, ScheduledReply

PRT: Oid = (1, 3, 6, 1, 2, 1, 43)
LEVEL: Oid = (*PRT, 11, 1, 1, 9)
DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
UNKNOWN: Oid = (1, 3, 6, 1, 2, 1, 1, 9, 0)

TESTS = Path(__file__).parent.parent

Start = Callable[..., Awaitable[SimulatedFleet]]


@pytest.fixture
def start(play: Start) -> Start:
    """A Sharp colour printer with the given quirks. Its four toners have rows, its waste box says -3."""

    async def begin(*quirks: str, clock: Clock | None = None) -> SimulatedFleet:
        member = replace(build_printer(models.SHARP_3570, "healthy", Address(own("103.1"), 0)), quirks=quirks)
        return await play(member, clock=clock)

    return begin


def quirky(written: str, *, seed: int = 1) -> Responder:
    """The same printer, without a socket."""
    member = build_printer(models.SHARP_3570, "healthy", Address(own("103.1"), 0))
    return quirk.apply_quirk(written, make_responder(member.source), Random(seed))


def ask(kind: PduType, *oids: Oid, repeat: int = 0) -> RequestMessage:
    return RequestMessage(
        version=MessageVersion.V2C,
        community=b"public",
        kind=kind,
        request_id=7,
        oids=oids,
        max_repetitions=repeat,
    )


def said(replies: list[ScheduledReply]) -> ResponseMessage:
    (reply,) = replies
    assert isinstance(reply.content, ResponseMessage)
    return reply.content


@pytest.mark.parametrize(("name", "sentence"), quirk.list_quirks().items())
def test_every_quirk_has_a_sentence_and_a_test_that_names_it(name: str, sentence: str) -> None:
    assert sentence.endswith(".")
    named = re.compile(rf"""["']{name}["'=]""")
    assert any(named.search(file.read_text("utf-8")) for file in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("name", quirk.list_quirks())
def test_every_quirk_does_the_same_each_time(name: str) -> None:
    def replies() -> list[list[ScheduledReply]]:
        answer = quirky(name)
        asked = [
            ask(PduType.GET, DESCR),
            ask(PduType.GET_NEXT, LEVEL),
            ask(PduType.GET_BULK, LEVEL, repeat=5),
        ]
        return [answer(request, turn * 7.0) for turn in range(20) for request in asked]

    assert replies() == replies()


@pytest.mark.parametrize("written", ["nope", "drop=many", ""])
def test_an_unknown_quirk_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(ValueError, match=r"no quirk|not a number"):
        quirk.parse_quirk(written)


async def test_no_bulk_refuses_bulk_and_nothing_else(start: Start, client: Callable) -> None:
    one = client((await start("no_bulk")).members[0].address)
    assert (await one.ask("bulk", LEVEL)).status == 5
    assert (await one.ask("next", LEVEL)).status == 0


async def test_ignores_bulk_is_silent_to_bulk_and_nothing_else(start: Start, client: Callable) -> None:
    fleet = await start("ignores_bulk")
    one = client(fleet.members[0].address)
    assert await one.silent(fleet, "bulk", LEVEL)
    assert (await one.ask("next", LEVEL)).status == 0


async def test_bulk_cut_ends_replies_to_bulk_too_early_and_no_others(start: Start, client: Callable) -> None:
    fleet = await start("bulk_cut=60")
    one = client(fleet.members[0].address)
    assert len((await one.ask("next", LEVEL)).varbinds) == 1
    await one.send(one.packet("bulk", (LEVEL,), repeat=10))
    packet, _ = await one.receive()
    assert len(packet) == 60 < int.from_bytes(packet[1:2]) + 2  # less than its own length says


async def test_v1_only_is_silent_to_v2c(start: Start, client: Callable) -> None:
    fleet = await start("v1_only")
    address = fleet.members[0].address
    assert await client(address).silent(fleet, "get", DESCR)
    assert (await client(address, version=0).ask("get", DESCR)).status == 0


async def test_no_such_name_fails_whole_requests_in_v2c(start: Start, client: Callable) -> None:
    one = client((await start("no_such_name")).members[0].address)
    answer = await one.ask("get", DESCR, UNKNOWN)
    assert (answer.status, answer.index) == (2, 2)
    assert (await one.ask("get", DESCR)).status == 0


@pytest.mark.parametrize(
    ("kind", "columns", "repeat", "status"),
    [("get", 3, 0, 0), ("get", 4, 0, 1), ("next", 4, 0, 1), ("bulk", 1, 3, 0), ("bulk", 2, 2, 1)],
)
async def test_too_big_answers_so_many_varbinds_and_no_more(
    kind: str, columns: int, repeat: int, status: int, start: Start, client: Callable
) -> None:
    one = client((await start("too_big=3")).members[0].address)
    assert (await one.ask(kind, *[DESCR] * columns, repeat=repeat)).status == status


async def test_bulk_repeats_the_first_row(start: Start, client: Callable) -> None:
    one = client((await start("bulk_repeats")).members[0].address)
    answer = await one.ask("bulk", LEVEL, repeat=4)
    assert [oid for oid, _ in answer.varbinds] == [(*LEVEL, 1, 1)] * 4


async def test_bulk_loops_within_the_column_for_ever(start: Start, client: Callable) -> None:
    one = client((await start("bulk_loops")).members[0].address)
    answer = await one.ask("bulk", (*LEVEL, 1, 3), repeat=5)
    assert [oid[-1] for oid, _ in answer.varbinds] == [4, 5, 1, 2, 3]
    assert (await one.ask("next", (*LEVEL, 1, 5))).varbinds[0][0][: len(LEVEL)] != LEVEL


async def test_not_increasing_gives_the_last_row_again(start: Start, client: Callable) -> None:
    one = client((await start("not_increasing")).members[0].address)
    assert (await one.ask("next", (*LEVEL, 1, 5))).varbinds[0][0] == (*LEVEL, 1, 5)
    answer = await one.ask("bulk", (*LEVEL, 1, 3), repeat=4)
    assert [oid[-1] for oid, _ in answer.varbinds] == [4, 5, 5, 5]


@pytest.mark.parametrize(("sent", "given_back"), [(7, 7), (0x12345, 0x2345), (0x1FFFF, -1)])
def test_cut_id_gives_back_the_low_bits_of_the_id(sent: int, given_back: int) -> None:
    (reply,) = quirky("cut_id")(replace(ask(PduType.GET, DESCR), request_id=sent), 0.0)
    assert isinstance(reply.content, ResponseMessage)
    assert reply.content.request_id == given_back


def test_padded_lets_octets_follow_the_reply() -> None:
    (plain,) = make_responder(build_printer(models.SHARP_3570, "healthy", Address(own("103.1"), 0)).source)(
        ask(PduType.GET, DESCR), 0.0
    )
    (reply,) = quirky("padded=3")(ask(PduType.GET, DESCR), 0.0)
    assert isinstance(plain.content, ResponseMessage)
    assert reply.content == encode_response(plain.content) + bytes(3)


def test_late_replies_come_that_much_later() -> None:
    assert [reply.after for reply in quirky("late=2.5")(ask(PduType.GET, DESCR), 0.0)] == [2.5]


async def test_late_replies_come_all_the_same_on_the_clock(start: Start, client: Callable) -> None:
    one = client((await start("late=60", clock=Clock.scaled(600))).members[0].address)
    assert (await one.ask("get", DESCR)).status == 0


async def test_twice_sends_the_same_reply_twice(start: Start, client: Callable) -> None:
    one = client((await start("twice=0.05")).members[0].address)
    await one.send(one.packet("get", [DESCR]))
    first, second = (await one.receive())[0], (await one.receive())[0]
    assert first == second


async def test_elsewhere_answers_from_another_port(start: Start, client: Callable) -> None:
    address = (await start("elsewhere")).members[0].address
    one = client(address)
    await one.send(one.packet("get", [DESCR]))
    _, peer = await one.receive()
    assert peer.host == address.host
    assert peer.port != address.port


async def test_wrong_id_answers_what_nobody_asked(start: Start, client: Callable) -> None:
    answer = await client((await start("wrong_id")).members[0].address).ask("get", DESCR)
    assert answer.request_id != 77


def test_drop_loses_its_share_the_same_way_each_time() -> None:
    def lost(seed: int) -> list[int]:
        answer = quirky("drop=20", seed=seed)
        return [turn for turn in range(500) if not answer(ask(PduType.GET, DESCR), float(turn))]

    assert 60 <= len(lost(1)) <= 140
    assert lost(1) == lost(1)
    assert lost(1) != lost(2)


def test_garbage_is_no_response_and_the_same_each_time() -> None:
    def sent() -> list[object]:
        answer = quirky("garbage")
        return [reply.content for turn in range(20) for reply in answer(ask(PduType.GET, DESCR), float(turn))]

    assert all(isinstance(content, bytes) and content for content in sent())
    assert sent() == sent()


SLEEP = (
    ("the first question wakes it", 0.0, 18.0),
    ("another soon after waits for the rest", 5.0, 13.0),
    ("awake, it answers at once", 20.0, 0.0),
    ("and goes on while asked", 250.0, 0.0),
    ("five quiet minutes later it sleeps again", 550.0, 18.0),
)


def test_sleepy_needs_its_time_once_per_sleep() -> None:
    answer = quirky("sleepy=18")
    for what, now, waits in SLEEP:
        (reply,) = answer(ask(PduType.GET, DESCR), now)
        assert reply.after == pytest.approx(waits), what


REBOOT = (
    ("before", 0.0, 9 * 86400 * 100),
    ("still the same poll", 4.0, (9 * 86400 + 4) * 100),
    ("crashed", 6.0, None),
    ("still away", 60.0, None),
    ("up again since second 65", 100.0, 35 * 100),
    ("crashed again", 106.0, None),
    ("up since second 165", 170.0, 5 * 100),
)


def test_reboots_starts_uptime_anew_after_each_poll() -> None:
    answer = quirky("reboots=60")
    for what, now, uptime in REBOOT:
        replies = answer(ask(PduType.GET, UPTIME), now)
        shown = said(replies).varbinds[0][1] if replies else None
        assert shown == (None if uptime is None else BerValue(BerTag.TICKS, uptime)), what


def test_levels_as_text_are_text_and_the_rest_is_not() -> None:
    replies = quirky("levels_as_text")(
        ask(PduType.GET, (*LEVEL, 1, 1), (*PRT, 8, 2, 1, 10, 1, 1), (*LEVEL[:-1], 8, 1, 1)), 0.0
    )
    assert [value for _, value in said(replies).varbinds] == [
        BerValue(BerTag.OCTETS, b"80"),
        BerValue(BerTag.OCTETS, b"130"),
        BerValue(BerTag.INTEGER, 100),
    ]


def test_unsigned_turns_negative_numbers_only() -> None:
    replies = quirky("unsigned")(ask(PduType.GET, (*LEVEL, 1, 5), (*LEVEL, 1, 1)), 0.0)
    assert [value for _, value in said(replies).varbinds] == [
        BerValue(BerTag.GAUGE32, 4294967293),
        BerValue(BerTag.INTEGER, 80),
    ]


def test_quirks_add_up() -> None:
    member = build_printer(models.SHARP_3570, "healthy", Address(own("103.1"), 0))
    answer = make_responder(member.source)
    for written in ("unsigned", "late=1", "late=2"):
        answer = quirk.apply_quirk(written, answer, Random(0))
    (reply,) = answer(ask(PduType.GET, (*LEVEL, 1, 5)), 0.0)
    assert reply.after == 3.0
    assert said([reply]).varbinds[0][1].content == 4294967293
