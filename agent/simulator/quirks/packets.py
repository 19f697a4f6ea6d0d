"""Packets that go astray."""

from dataclasses import replace
from random import Random

from agent.simulator.ber import PduType, RequestMessage, encode_response
from agent.simulator.quirk import Responder, ScheduledReply, quirk


@quirk(usual=3)
def late(answer: Responder, amount: float, _luck: Random) -> Responder:
    """Every reply comes this many seconds late."""
    return lambda request, now: [replace(reply, after=reply.after + amount) for reply in answer(request, now)]


@quirk(usual=0.2)
def twice(answer: Responder, amount: float, _luck: Random) -> Responder:
    """Every reply comes again, this many seconds after the first."""
    return lambda request, now: [
        replace(reply, after=reply.after + extra) for reply in answer(request, now) for extra in (0.0, amount)
    ]


@quirk()
def elsewhere(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Replies come from another port than the one that was asked."""
    return lambda request, now: [replace(reply, elsewhere=True) for reply in answer(request, now)]


@quirk()
def wrong_id(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Replies carry a request-id that was never sent."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        return answer(replace(request, request_id=request.request_id ^ 0x2A5A), now)

    return answer_request


@quirk(usual=16)
def cut_id(answer: Responder, amount: float, _luck: Random) -> Responder:
    """Replies carry only this many of the lowest bits of the request-id, as a signed number."""
    bits = int(amount)

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        low = request.request_id & (1 << bits) - 1
        return answer(replace(request, request_id=low - (low >> bits - 1 << bits)), now)

    return answer_request


@quirk(usual=4)
def padded(answer: Responder, amount: float, _luck: Random) -> Responder:
    """This many zero octets follow each reply in its datagram."""
    return lambda request, now: [
        replace(reply, content=_encode(reply) + bytes(int(amount))) for reply in answer(request, now)
    ]


@quirk(usual=20)
def drop(answer: Responder, amount: float, luck: Random) -> Responder:
    """This many of a hundred requests are lost."""
    return lambda request, now: [] if luck.random() * 100 < amount else answer(request, now)


@quirk(usual=120)
def bulk_cut(answer: Responder, amount: float, _luck: Random) -> Responder:
    """Replies to GETBULK end after this many octets, in the middle of a value."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        replies = answer(request, now)
        return (
            replies
            if request.kind != PduType.GET_BULK
            else [_cut_reply(reply, int(amount)) for reply in replies]
        )

    return answer_request


def _cut_reply(reply: ScheduledReply, octets: int) -> ScheduledReply:
    return replace(reply, content=_encode(reply)[:octets])


def _encode(reply: ScheduledReply) -> bytes:
    return reply.content if isinstance(reply.content, bytes) else encode_response(reply.content)


@quirk(usual=100)
def garbage(answer: Responder, amount: float, luck: Random) -> Responder:
    """This many of a hundred replies are bytes that mean nothing."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        if luck.random() * 100 < amount:
            return [ScheduledReply(content=luck.randbytes(luck.randint(1, 80)))]
        return answer(request, now)

    return answer_request
