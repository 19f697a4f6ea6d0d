"""Requests that it does not understand."""

from dataclasses import replace
from random import Random

from agent.simulator.ber import BerTag, ErrorStatus, MessageVersion, PduType, RequestMessage
from agent.simulator.mib import build_refusal
from agent.simulator.quirk import Responder, ScheduledReply, quirk


@quirk()
def no_bulk(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """GETBULK gets genErr."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        if request.kind == PduType.GET_BULK:
            return [ScheduledReply(content=build_refusal(request, ErrorStatus.GEN_ERR, 1))]
        return answer(request, now)

    return answer_request


@quirk()
def ignores_bulk(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """GETBULK gets no answer at all."""
    return lambda request, now: [] if request.kind == PduType.GET_BULK else answer(request, now)


@quirk()
def v1_only(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Only version 1 gets an answer."""
    return lambda request, now: answer(request, now) if request.version == MessageVersion.V1 else []


@quirk()
def no_such_name(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """One unknown OID fails the whole request, as in version 1, in version 2c too."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        return [_refuse_exceptions(request, reply) for reply in answer(request, now)]

    return answer_request


def _refuse_exceptions(request: RequestMessage, reply: ScheduledReply) -> ScheduledReply:
    if isinstance(reply.content, bytes) or request.kind == PduType.GET_BULK:
        return reply
    for index, (_, value) in enumerate(reply.content.varbinds, start=1):
        if value.tag >= BerTag.NO_SUCH_OBJECT:
            return replace(reply, content=build_refusal(request, ErrorStatus.NO_SUCH_NAME, index))
    return reply


@quirk(usual=10)
def too_big(answer: Responder, amount: float, _luck: Random) -> Responder:
    """A request for more than this many varbinds gets tooBig."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        wanted = len(request.oids)
        if request.kind == PduType.GET_BULK:
            repeated = max(0, wanted - request.non_repeaters)
            wanted = wanted - repeated + repeated * request.max_repetitions
        if wanted > amount:
            return [ScheduledReply(content=build_refusal(request, ErrorStatus.TOO_BIG, 0))]
        return answer(request, now)

    return answer_request
