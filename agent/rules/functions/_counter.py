"""What the signals about the page counter share: what happened to it, and which epoch it is in."""

from collections.abc import Iterator, Mapping

from agent.model import Happening
from agent.rules.functions import part_events
from agent.rules.signals import Asked

WINDOW = part_events.WINDOW
WORDS = ("counter.epoch",)


def happened(asked: Asked, detail: str, usual: float) -> Iterator[Happening]:
    """What happened to the counter within `per`, or within `usual` seconds without it."""
    window = asked.options.get("per", usual)
    since = asked.facts.now - (window if isinstance(window, int | float) else usual)
    for it in asked.facts.happened:
        if it.what == "counter" and it.detail == detail and it.at > since:
            yield it


def words(asked: Asked) -> Mapping[str, str]:
    """For titles and components: the number of the epoch, as `printwarden meters show --epochs` has it."""
    return {"counter.epoch": str(asked.facts.epoch or 1)}
