"""What the stories promised against what the receiver holds. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.simulator.scenario import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The verdict on one printer."""

    device: str
    story: str
    expected: str  # "feed.jams (tray:2)", or "no ticket"
    arrived: int  # tickets at the receiver for what was expected
    uncalled: tuple[str, ...]  # tickets that nobody expected
    due: bool  # the story has come far enough to be judged

    @property
    def kept(self) -> bool:
        """The promise: exactly once, and nothing else."""
        allowed = {0} if self.expected == NOTHING else {1} if self.due else {0, 1}
        return not self.uncalled and self.arrived in allowed


NOTHING = "no ticket"


def judge(
    cast: Mapping[str, tuple[str, Promise | None]], opened: Iterable[Mapping[str, Any]], elapsed: float
) -> list[Line]:
    """One line for each printer. `cast`: key -> (story, promise); `opened`: payloads of "open" events.

    An event of a device that is not in the cast is a line of its own, and not kept.
    """
    tickets = Counter(
        (one["device"]["device_key"], one["fault"]["fault_key"], one["fault"].get("component") or "")
        for one in opened
    )
    known = dict(cast)
    for device, _, _ in tickets:
        known.setdefault(device, ("not in the cast", None))
    return [_line(device, story, promise, tickets, elapsed) for device, (story, promise) in known.items()]


def _line(
    device: str, story: str, promise: Promise | None, tickets: Counter[tuple[str, str, str]], elapsed: float
) -> Line:
    mine = Counter({key[1:]: n for key, n in tickets.items() if key[0] == device})
    wanted = (promise.fault, promise.component) if promise else None
    arrived = mine.pop(wanted, 0) if wanted else 0
    return Line(
        device=device,
        story=story,
        expected=_spell(*wanted) if wanted else NOTHING,
        arrived=arrived,
        uncalled=tuple(_spell(*key) for key in mine.elements()),
        due=promise is None or elapsed >= promise.by,
    )


def _spell(fault: str, component: str) -> str:
    return f"{fault} ({component})" if component else fault
