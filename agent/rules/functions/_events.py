"""Shared by the signals about events of a printer: the events within `per`."""

from collections.abc import Iterator

from agent.core.model import DeviceEvent
from agent.rules.functions import part_events
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT

KIND = COUNT
PER = ("device",)
OPTIONS = {"per": part_events.WINDOW}
NEEDS = ("per",)
READS = ("events",)


def recent(asked: SignalQuery, what: str, usual: float = 0.0) -> Iterator[DeviceEvent]:
    """The events of one kind within `per`, or within `usual` seconds without it."""
    window = asked.options.get("per", usual)
    since = asked.facts.now - (window if isinstance(window, int | float) else usual)
    return (it for it in asked.facts.happened if it.what == what and it.at > since)
