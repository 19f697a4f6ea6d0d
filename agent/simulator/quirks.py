"""What printers do wrong, as wrappers around an agent that does it right.

A quirk takes what answers and gives back what answers worse. It is written "name" or "name=number":
"sleepy=18", "drop=20". Chance comes from a seeded generator only, time only from the argument, so a
misbehaving printer misbehaves the same way each time. Sources of the habits: field reports about
real printers (section numbers of standards say what would have been right).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from agent.simulator.ber import Oid, Pdu, Request, Response, Status, Tag, Value, VarBind, Version
from agent.simulator.mib import refusal, ticks
from agent.simulator.printer import PRT, UPTIME

STAYS_AWAKE = 240.0
"""Seconds after the last question at which a sleepy printer falls asleep again."""

CRASHES_AFTER = 5.0
"""Seconds from the first question of a poll to the crash of a printer that cannot bear it."""

_COLUMN = len(PRT) + 4  # arcs of a column of the Printer MIB: 43.table.table.1.column
_LEVELS: tuple[Oid, ...] = ((*PRT, 11, 1, 1, 9), (*PRT, 8, 2, 1, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One packet to send: what, after how many seconds, and whether from the port that was asked."""

    content: Response | bytes
    after: float = 0.0
    elsewhere: bool = False


Answer = Callable[[Request, float], list[Reply]]
"""Replies to a request that comes so many seconds after the fleet's start. None is silence."""

Quirk = Callable[[Answer, float, Random], Answer]

_QUIRKS: dict[str, tuple[Quirk, float]] = {}


def names() -> dict[str, str]:
    """Every quirk with what it does."""
    return {name: (quirk.__doc__ or "").strip() for name, (quirk, _) in sorted(_QUIRKS.items())}


def apply(written: str, answer: Answer, luck: Random) -> Answer:
    """`answer` with the quirk "name" or "name=number". Raises ValueError for an unknown one."""
    name, _, amount = written.partition("=")
    if name not in _QUIRKS:
        raise ValueError(f"no quirk {name!r}; there are: {', '.join(names())}")
    quirk, usual = _QUIRKS[name]
    return quirk(answer, float(amount) if amount else usual, luck)


def _quirk(usual: float = 0.0) -> Callable[[Quirk], Quirk]:
    def enter(quirk: Quirk) -> Quirk:
        _QUIRKS[getattr(quirk, "__name__", "")] = quirk, usual
        return quirk

    return enter


# ---- requests that it does not understand -----------------------------------------------------------


@_quirk()
def no_bulk(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """GETBULK gets genErr."""

    def answered(request: Request, now: float) -> list[Reply]:
        if request.kind == Pdu.GET_BULK:
            return [Reply(content=refusal(request, Status.GEN_ERR, 1))]
        return answer(request, now)

    return answered


@_quirk()
def ignores_bulk(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """GETBULK gets no answer at all."""
    return lambda request, now: [] if request.kind == Pdu.GET_BULK else answer(request, now)


@_quirk()
def v1_only(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Only version 1 gets an answer."""
    return lambda request, now: answer(request, now) if request.version == Version.V1 else []


@_quirk()
def no_such_name(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """One unknown OID fails the whole request, as in version 1, in version 2c too."""

    def answered(request: Request, now: float) -> list[Reply]:
        return [_without_exceptions(request, reply) for reply in answer(request, now)]

    return answered


def _without_exceptions(request: Request, reply: Reply) -> Reply:
    if isinstance(reply.content, bytes) or request.kind == Pdu.GET_BULK:
        return reply
    for index, (_, value) in enumerate(reply.content.varbinds, start=1):
        if value.tag >= Tag.NO_SUCH_OBJECT:
            return replace(reply, content=refusal(request, Status.NO_SUCH_NAME, index))
    return reply


@_quirk(usual=10)
def too_big(answer: Answer, amount: float, _luck: Random) -> Answer:
    """A request for more than this many varbinds gets tooBig."""

    def answered(request: Request, now: float) -> list[Reply]:
        wanted = len(request.oids)
        if request.kind == Pdu.GET_BULK:
            repeated = max(0, wanted - request.non_repeaters)
            wanted = wanted - repeated + repeated * request.max_repetitions
        if wanted > amount:
            return [Reply(content=refusal(request, Status.TOO_BIG, 0))]
        return answer(request, now)

    return answered


# ---- tables that never end ---------------------------------------------------------------------------


@_quirk()
def bulk_repeats(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Every row of a GETBULK reply is the first one again."""

    def answered(request: Request, now: float) -> list[Reply]:
        if request.kind != Pdu.GET_BULK:
            return answer(request, now)
        one = replace(request, max_repetitions=min(1, request.max_repetitions))
        return [_repeated(request, reply) for reply in answer(one, now)]

    return answered


def _repeated(request: Request, reply: Reply) -> Reply:
    if isinstance(reply.content, bytes):
        return reply
    head = min(request.non_repeaters, len(request.oids))
    once, row = reply.content.varbinds[:head], reply.content.varbinds[head:]
    times = min(request.max_repetitions, 20)
    return replace(reply, content=replace(reply.content, varbinds=once + row * times))


@_quirk()
def bulk_loops(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """For GETBULK, the first row of a column follows its last."""
    return _closed(answer, {Pdu.GET_BULK}, _first_of_column)


@_quirk()
def not_increasing(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Behind the last row of a column comes the last row again, for GETNEXT and GETBULK."""
    return _closed(answer, {Pdu.GET_BULK, Pdu.GET_NEXT}, _get_itself)


Ask = Callable[[Pdu, Oid], VarBind | None]


def _first_of_column(ask: Ask, asked: Oid) -> VarBind | None:
    return ask(Pdu.GET_NEXT, asked[:_COLUMN])


def _get_itself(ask: Ask, asked: Oid) -> VarBind | None:
    return ask(Pdu.GET, asked)


def _closed(answer: Answer, kinds: set[Pdu], instead: Callable[[Ask, Oid], VarBind | None]) -> Answer:
    """Columns of the Printer MIB without an end: where a name would leave its column, `instead` comes."""

    def answered(request: Request, now: float) -> list[Reply]:
        if request.kind not in kinds:
            return answer(request, now)

        def ask(kind: Pdu, oid: Oid) -> VarBind | None:
            replies = answer(replace(request, kind=kind, oids=(oid,)), now)
            content = replies[0].content if replies else None
            return content.varbinds[0] if isinstance(content, Response) and content.varbinds else None

        def step(oid: Oid) -> VarBind:
            found = ask(Pdu.GET_NEXT, oid) or (oid, Value(Tag.END_OF_MIB_VIEW, None))
            inside = oid[: len(PRT)] == PRT and len(oid) > _COLUMN
            if inside and found[0][:_COLUMN] != oid[:_COLUMN]:
                return instead(ask, oid) or found
            return found

        replies = answer(request, now)
        return [replace(reply, content=_rows(request, reply.content, step)) for reply in replies]

    return answered


def _rows(request: Request, content: Response | bytes, step: Callable[[Oid], VarBind]) -> Response | bytes:
    """The rows of a GETBULK (at most twenty) or GETNEXT reply, each made from the one before by `step`."""
    if isinstance(content, bytes):
        return content
    bulk = request.kind == Pdu.GET_BULK
    head = request.non_repeaters if bulk else 0
    varbinds = [step(oid) for oid in request.oids[:head]]
    row = request.oids[head:]
    for _ in range(min(request.max_repetitions, 20) if bulk else 1):
        stepped = [step(oid) for oid in row]
        varbinds += stepped
        row = tuple(oid for oid, _ in stepped)
    return replace(content, varbinds=tuple(varbinds))


# ---- packets that go astray --------------------------------------------------------------------------


@_quirk(usual=3)
def late(answer: Answer, amount: float, _luck: Random) -> Answer:
    """Every reply comes this many seconds late."""
    return lambda request, now: [replace(reply, after=reply.after + amount) for reply in answer(request, now)]


@_quirk(usual=0.2)
def twice(answer: Answer, amount: float, _luck: Random) -> Answer:
    """Every reply comes again, this many seconds after the first."""
    return lambda request, now: [
        replace(reply, after=reply.after + extra) for reply in answer(request, now) for extra in (0.0, amount)
    ]


@_quirk()
def elsewhere(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Replies come from another port than the one that was asked."""
    return lambda request, now: [replace(reply, elsewhere=True) for reply in answer(request, now)]


@_quirk()
def wrong_id(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Replies carry a request-id that nobody sent."""

    def answered(request: Request, now: float) -> list[Reply]:
        return answer(replace(request, request_id=request.request_id ^ 0x2A5A), now)

    return answered


@_quirk(usual=20)
def drop(answer: Answer, amount: float, luck: Random) -> Answer:
    """This many of a hundred requests are lost."""
    return lambda request, now: [] if luck.random() * 100 < amount else answer(request, now)


@_quirk(usual=100)
def garbage(answer: Answer, amount: float, luck: Random) -> Answer:
    """This many of a hundred replies are bytes that mean nothing."""

    def answered(request: Request, now: float) -> list[Reply]:
        if luck.random() * 100 < amount:
            return [Reply(content=luck.randbytes(luck.randint(1, 80)))]
        return answer(request, now)

    return answered


# ---- sleep and crashes -------------------------------------------------------------------------------


@_quirk(usual=18)
def sleepy(answer: Answer, amount: float, _luck: Random) -> Answer:
    """Asked after four quiet minutes, it needs this many seconds to wake; then all replies come."""
    heard = awake = -math.inf

    def answered(request: Request, now: float) -> list[Reply]:
        nonlocal heard, awake
        if now - heard > STAYS_AWAKE:
            awake = now + amount
        heard = now
        waking = max(0.0, awake - now)
        return [replace(reply, after=reply.after + waking) for reply in answer(request, now)]

    return answered


@_quirk(usual=60)
def reboots(answer: Answer, amount: float, _luck: Random) -> Answer:
    """It crashes soon after each poll and is away for this many seconds; sysUpTime starts anew."""
    booted: float | None = None
    crash = math.inf

    def answered(request: Request, now: float) -> list[Reply]:
        nonlocal booted, crash
        if crash <= now < crash + amount:
            return []
        if now >= crash:
            booted, crash = crash + amount, math.inf
        crash = min(crash, now + CRASHES_AFTER)
        since = booted
        return _changed(answer(request, now), lambda v: v if since is None else _booted(v, now - since))

    return answered


def _booted(varbind: VarBind, up: float) -> VarBind:
    return (UPTIME, ticks(up)) if varbind[0] == UPTIME else varbind


# ---- values of the wrong type ------------------------------------------------------------------------


@_quirk()
def levels_as_text(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Levels of supplies and trays come as text: "45"."""

    def spelt(varbind: VarBind) -> VarBind:
        oid, value = varbind
        if value.tag == Tag.INTEGER and any(oid[: len(column)] == column for column in _LEVELS):
            return oid, Value(Tag.OCTETS, str(value.content).encode())
        return varbind

    return lambda request, now: _changed(answer(request, now), spelt)


@_quirk()
def unsigned(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Negative numbers come as unsigned ones: -3 as 4294967293."""

    def turned(varbind: VarBind) -> VarBind:
        oid, value = varbind
        if value.tag == Tag.INTEGER and isinstance(value.content, int) and value.content < 0:
            return oid, Value(Tag.GAUGE32, value.content + (1 << 32))
        return varbind

    return lambda request, now: _changed(answer(request, now), turned)


def _changed(replies: list[Reply], change: Callable[[VarBind], VarBind]) -> list[Reply]:
    """The replies with every varbind changed."""
    return [
        reply
        if isinstance(reply.content, bytes)
        else replace(
            reply, content=replace(reply.content, varbinds=tuple(map(change, reply.content.varbinds)))
        )
        for reply in replies
    ]
