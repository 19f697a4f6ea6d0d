"""Tables that never end."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from agent.simulator.ber import Oid, Pdu, Request, Response, Tag, Value, VarBind
from agent.simulator.printer import PRT
from agent.simulator.quirk import Answer, Reply, quirk

_COLUMN = len(PRT) + 4  # arcs of a column of the Printer MIB: 43.table.table.1.column


@quirk()
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


@quirk()
def bulk_loops(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """For GETBULK, the first row of a column follows its last."""
    return _closed(answer, {Pdu.GET_BULK}, _first_of_column)


@quirk()
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
