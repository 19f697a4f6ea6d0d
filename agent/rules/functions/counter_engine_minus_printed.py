"""counter.engine_minus_printed: pages that the engine counted and the panel did not.

With `per`, how many more than so long ago. prtMarkerLifeCount (RFC 3805) also counts what was misfed and
what the printer prints for itself; where it runs away from the total of the panel, pick rollers are worn.
Unknown where the maker has no total of his own.
"""

from collections.abc import Sequence

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, SignalValue, ValueKind

KIND = COUNT
PER = ("device",)
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW}
READS = ("meters", "trail")


def read(asked: SignalQuery) -> SignalValue:
    engine, printed = asked.facts.trail.engine, asked.facts.pages_before
    if not engine or not printed:
        return None
    now = float(engine[-1][1] - printed[-1][1])
    window = asked.options.get("per")
    if not isinstance(window, int | float):
        return now
    since = asked.facts.now - window
    before = _counter_at(engine, since), _counter_at(printed, since)
    return None if before[0] is None or before[1] is None else now - (before[0] - before[1])


def _counter_at(readings: Sequence[tuple[float, int]], at: float) -> int | None:
    """The counter's value at `at`; None if it was not read before."""
    return next((value for when, value in reversed(readings) if when <= at), None)
