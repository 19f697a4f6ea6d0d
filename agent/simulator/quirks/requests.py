"""Requests that it does not understand."""

from dataclasses import replace
from random import Random

from agent.simulator.ber import Pdu, Request, Status, Tag, Version
from agent.simulator.mib import refusal
from agent.simulator.quirk import Answer, Reply, quirk


@quirk()
def no_bulk(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """GETBULK gets genErr."""

    def answered(request: Request, now: float) -> list[Reply]:
        if request.kind == Pdu.GET_BULK:
            return [Reply(content=refusal(request, Status.GEN_ERR, 1))]
        return answer(request, now)

    return answered


@quirk()
def ignores_bulk(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """GETBULK gets no answer at all."""
    return lambda request, now: [] if request.kind == Pdu.GET_BULK else answer(request, now)


@quirk()
def v1_only(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Only version 1 gets an answer."""
    return lambda request, now: answer(request, now) if request.version == Version.V1 else []


@quirk()
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


@quirk(usual=10)
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
