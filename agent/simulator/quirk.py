"""Faults of real printers, as wrappers around a well-behaved agent.

A quirk takes a responder and returns one that answers worse. It is written "name" or "name=number":
"sleepy=18", "drop=20". Chance comes from a seeded generator only, time only from the argument, so a
misbehaving printer misbehaves the same way each time. The quirks are the functions marked `@quirk`
in the files of `agent/simulator/quirks/`; all are known from field reports on real printers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import agent.simulator.quirks
from agent.core import plugins
from agent.simulator.ber import BerVarBind, RequestMessage, ResponseMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledReply:
    """One packet to send: what, after how many seconds, and whether from another port."""

    content: ResponseMessage | bytes
    after: float = 0.0
    elsewhere: bool = False


Responder = Callable[[RequestMessage, float], list[ScheduledReply]]
"""Replies to a request that comes so many seconds after the fleet's start. None is silence."""

Quirk = Callable[[Responder, float, Random], Responder]
"""(what answers well, the number, chance) -> what answers worse."""

_QUIRKS: dict[str, tuple[Quirk, float]] = {}


def quirk(usual: float = 0.0) -> Callable[[Quirk], Quirk]:
    """Marks a quirk. `usual` is its number where none is given."""

    def register_quirk(function: Quirk) -> Quirk:
        _QUIRKS[getattr(function, "__name__", "")] = function, usual
        return function

    return register_quirk


def list_quirks() -> dict[str, str]:
    """Every quirk with what it does."""
    for file in plugins.list_plugins(agent.simulator.quirks):
        plugins.load_plugin(agent.simulator.quirks, file)
    return {name: (function.__doc__ or "").strip() for name, (function, _) in sorted(_QUIRKS.items())}


def parse_quirk(written: str) -> tuple[str, float | None]:
    """The name and the number of "name=number". Raises ValueError for an unknown or impossible one."""
    name, _, number = written.partition("=")
    if name not in list_quirks():
        raise ValueError(f"no quirk {name!r}; there are: {', '.join(list_quirks())}")
    try:
        return name, float(number) if number else None
    except ValueError:
        raise ValueError(f"{written!r}: {number!r} is not a number, as in drop=20") from None


def apply_quirk(written: str, answer: Responder, luck: Random) -> Responder:
    """`answer` with the quirk "name" or "name=number". Raises ValueError as `parse_quirk` does."""
    name, number = parse_quirk(written)
    function, usual = _QUIRKS[name]
    return function(answer, usual if number is None else number, luck)


def change_varbinds(
    replies: list[ScheduledReply], change: Callable[[BerVarBind], BerVarBind]
) -> list[ScheduledReply]:
    """The replies with every varbind changed."""
    return [_change_reply(reply, change) for reply in replies]


def _change_reply(reply: ScheduledReply, change: Callable[[BerVarBind], BerVarBind]) -> ScheduledReply:
    if isinstance(reply.content, bytes):
        return reply
    varbinds = tuple(change(varbind) for varbind in reply.content.varbinds)
    return replace(reply, content=replace(reply.content, varbinds=varbinds))
