"""Shared by the signals about the page counter: its events and its epoch."""

from collections.abc import Iterator, Mapping

from agent.core.model import DeviceEvent
from agent.rules.functions import _events, part_events
from agent.rules.signals import SignalQuery

WINDOW = part_events.WINDOW
PLACEHOLDERS = ("counter.epoch",)


def counter_events(asked: SignalQuery, detail: str, usual: float) -> Iterator[DeviceEvent]:
    """The counter's events within `per`, or within `usual` seconds without it."""
    return (it for it in _events.recent(asked, "counter", usual) if it.detail == detail)


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    """For titles and components: the number of the epoch, as `printwarden meters show --epochs` has it."""
    return {"counter.epoch": str(asked.facts.epoch or 1)}
