"""Sleep and crashes."""

import math
from dataclasses import replace
from random import Random

from agent.simulator.ber import BerVarBind, RequestMessage
from agent.simulator.mib import ticks
from agent.simulator.printer import UPTIME
from agent.simulator.quirk import Responder, ScheduledReply, change_varbinds, quirk

STAYS_AWAKE = 240.0
"""Seconds after the last question at which a sleepy printer falls asleep again."""

CRASHES_AFTER = 5.0
"""Seconds from the first question of a poll to the crash of a printer that cannot bear it."""


@quirk(usual=18)
def sleepy(answer: Responder, amount: float, _luck: Random) -> Responder:
    """Asked after four quiet minutes, it needs this many seconds to wake; then all replies come."""
    heard = awake = -math.inf

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        nonlocal heard, awake
        if now - heard > STAYS_AWAKE:
            awake = now + amount
        heard = now
        waking = max(0.0, awake - now)
        return [replace(reply, after=reply.after + waking) for reply in answer(request, now)]

    return answer_request


@quirk(usual=60)
def reboots(answer: Responder, amount: float, _luck: Random) -> Responder:
    """It crashes soon after each poll and is away for this many seconds; sysUpTime starts anew."""
    booted: float | None = None
    crash = math.inf

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        nonlocal booted, crash
        if crash <= now < crash + amount:
            return []
        if now >= crash:
            booted, crash = crash + amount, math.inf
        crash = min(crash, now + CRASHES_AFTER)
        since = booted
        return change_varbinds(
            answer(request, now), lambda v: v if since is None else _set_uptime(v, now - since)
        )

    return answer_request


def _set_uptime(varbind: BerVarBind, up: float) -> BerVarBind:
    return (UPTIME, ticks(up)) if varbind[0] == UPTIME else varbind
