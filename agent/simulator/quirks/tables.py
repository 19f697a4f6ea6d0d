"""Tables that never end."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from agent.simulator.ber import BerTag, BerValue, BerVarBind, Oid, PduType, RequestMessage, ResponseMessage
from agent.simulator.printer import PRT
from agent.simulator.quirk import Responder, ScheduledReply, quirk

_COLUMN = len(PRT) + 4  # arcs of a column of the Printer MIB: 43.table.table.1.column


@quirk()
def bulk_repeats(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Every row of a GETBULK reply is the first one again."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        if request.kind != PduType.GET_BULK:
            return answer(request, now)
        one = replace(request, max_repetitions=min(1, request.max_repetitions))
        return [_repeat_rows(request, reply) for reply in answer(one, now)]

    return answer_request


def _repeat_rows(request: RequestMessage, reply: ScheduledReply) -> ScheduledReply:
    if isinstance(reply.content, bytes):
        return reply
    head = min(request.non_repeaters, len(request.oids))
    once, row = reply.content.varbinds[:head], reply.content.varbinds[head:]
    times = min(request.max_repetitions, 20)
    return replace(reply, content=replace(reply.content, varbinds=once + row * times))


@quirk()
def bulk_loops(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """For GETBULK, the first row of a column follows its last."""
    return _loop_columns(answer, {PduType.GET_BULK}, _first_of_column)


@quirk()
def not_increasing(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Behind the last row of a column comes the last row again, for GETNEXT and GETBULK."""
    return _loop_columns(answer, {PduType.GET_BULK, PduType.GET_NEXT}, _get_itself)


VarBindLookup = Callable[[PduType, Oid], BerVarBind | None]


def _first_of_column(ask: VarBindLookup, asked: Oid) -> BerVarBind | None:
    return ask(PduType.GET_NEXT, asked[:_COLUMN])


def _get_itself(ask: VarBindLookup, asked: Oid) -> BerVarBind | None:
    return ask(PduType.GET, asked)


def _loop_columns(
    answer: Responder, kinds: set[PduType], instead: Callable[[VarBindLookup, Oid], BerVarBind | None]
) -> Responder:
    """Columns of the Printer MIB without an end: where a name would leave its column, `instead` comes."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        if request.kind not in kinds:
            return answer(request, now)

        def get_varbind(kind: PduType, oid: Oid) -> BerVarBind | None:
            replies = answer(replace(request, kind=kind, oids=(oid,)), now)
            content = replies[0].content if replies else None
            return content.varbinds[0] if isinstance(content, ResponseMessage) and content.varbinds else None

        def next_varbind(oid: Oid) -> BerVarBind:
            found = get_varbind(PduType.GET_NEXT, oid) or (oid, BerValue(BerTag.END_OF_MIB_VIEW, None))
            inside = oid[: len(PRT)] == PRT and len(oid) > _COLUMN
            if inside and found[0][:_COLUMN] != oid[:_COLUMN]:
                return instead(get_varbind, oid) or found
            return found

        replies = answer(request, now)
        return [replace(reply, content=_step_rows(request, reply.content, next_varbind)) for reply in replies]

    return answer_request


def _step_rows(
    request: RequestMessage, content: ResponseMessage | bytes, step: Callable[[Oid], BerVarBind]
) -> ResponseMessage | bytes:
    """The rows of a GETBULK (at most twenty) or GETNEXT reply, each made from the one before by `step`."""
    if isinstance(content, bytes):
        return content
    bulk = request.kind == PduType.GET_BULK
    head = request.non_repeaters if bulk else 0
    varbinds = [step(oid) for oid in request.oids[:head]]
    row = request.oids[head:]
    for _ in range(min(request.max_repetitions, 20) if bulk else 1):
        stepped = [step(oid) for oid in row]
        varbinds += stepped
        row = tuple(oid for oid, _ in stepped)
    return replace(content, varbinds=tuple(varbinds))
