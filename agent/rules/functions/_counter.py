"""What the signals about the page counter share: what happened to it, and which epoch it is in."""

from collections.abc import Iterator, Mapping

from agent.core.model import Happening
from agent.rules.functions import _events, part_events
from agent.rules.signals import Asked

WINDOW = part_events.WINDOW
WORDS = ("counter.epoch",)


def happened(asked: Asked, detail: str, usual: float) -> Iterator[Happening]:
    """What happened to the counter within `per`, or within `usual` seconds without it."""
    return (it for it in _events.recent(asked, "counter", usual) if it.detail == detail)


def words(asked: Asked) -> Mapping[str, str]:
    """For titles and components: the number of the epoch, as `printwarden meters show --epochs` has it."""
    return {"counter.epoch": str(asked.facts.epoch or 1)}
