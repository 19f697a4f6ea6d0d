"""Packets that go astray."""

from dataclasses import replace
from random import Random

from agent.simulator.ber import Pdu, Request, encode_response
from agent.simulator.quirk import Answer, Reply, quirk


@quirk(usual=3)
def late(answer: Answer, amount: float, _luck: Random) -> Answer:
    """Every reply comes this many seconds late."""
    return lambda request, now: [replace(reply, after=reply.after + amount) for reply in answer(request, now)]


@quirk(usual=0.2)
def twice(answer: Answer, amount: float, _luck: Random) -> Answer:
    """Every reply comes again, this many seconds after the first."""
    return lambda request, now: [
        replace(reply, after=reply.after + extra) for reply in answer(request, now) for extra in (0.0, amount)
    ]


@quirk()
def elsewhere(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Replies come from another port than the one that was asked."""
    return lambda request, now: [replace(reply, elsewhere=True) for reply in answer(request, now)]


@quirk()
def wrong_id(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Replies carry a request-id that nobody sent."""

    def answered(request: Request, now: float) -> list[Reply]:
        return answer(replace(request, request_id=request.request_id ^ 0x2A5A), now)

    return answered


@quirk(usual=20)
def drop(answer: Answer, amount: float, luck: Random) -> Answer:
    """This many of a hundred requests are lost."""
    return lambda request, now: [] if luck.random() * 100 < amount else answer(request, now)


@quirk(usual=120)
def bulk_cut(answer: Answer, amount: float, _luck: Random) -> Answer:
    """Replies to GETBULK end after this many octets, in the middle of a value."""

    def answered(request: Request, now: float) -> list[Reply]:
        replies = answer(request, now)
        return replies if request.kind != Pdu.GET_BULK else [_cut(reply, int(amount)) for reply in replies]

    return answered


def _cut(reply: Reply, octets: int) -> Reply:
    whole = reply.content if isinstance(reply.content, bytes) else encode_response(reply.content)
    return replace(reply, content=whole[:octets])


@quirk(usual=100)
def garbage(answer: Answer, amount: float, luck: Random) -> Answer:
    """This many of a hundred replies are bytes that mean nothing."""

    def answered(request: Request, now: float) -> list[Reply]:
        if luck.random() * 100 < amount:
            return [Reply(content=luck.randbytes(luck.randint(1, 80)))]
        return answer(request, now)

    return answered
