"""The expected tickets of the scenarios, compared with those that the receiver holds. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.simulator.scenario import ExpectedTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseCheck:
    """The result for one printer."""

    device: str
    story: str
    expected: str  # "feed.jams (tray:2)", or "no ticket"
    arrived: int  # tickets at the receiver for what was expected
    uncalled: tuple[str, ...]  # tickets beyond the expected one
    due: bool  # the scenario has come far enough to be judged

    @property
    def is_kept(self) -> bool:
        """The promise: exactly once, and nothing else."""
        allowed = {0} if self.expected == NO_TICKET else {1} if self.due else {0, 1}
        return not self.uncalled and self.arrived in allowed


NO_TICKET = "no ticket"


def check_promises(
    cast: Mapping[str, tuple[str, ExpectedTicket | None]], opened: Iterable[Mapping[str, Any]], elapsed: float
) -> list[PromiseCheck]:
    """Compare printer by printer. `cast`: key -> (scenario, expected ticket); `opened`: "open" payloads.

    An event of a device that is not in the fleet gets a line of its own, as a broken promise.
    """
    tickets = Counter(
        (one["device"]["device_key"], one["fault"]["fault_key"], one["fault"].get("component") or "")
        for one in opened
    )
    known = dict(cast)
    for device, _, _ in tickets:
        known.setdefault(device, ("not in the cast", None))
    return [
        _check_printer(device, story, promise, tickets, elapsed) for device, (story, promise) in known.items()
    ]


def _check_printer(
    device: str,
    story: str,
    promise: ExpectedTicket | None,
    tickets: Counter[tuple[str, str, str]],
    elapsed: float,
) -> PromiseCheck:
    mine = Counter({key[1:]: n for key, n in tickets.items() if key[0] == device})
    wanted = (promise.fault, promise.component) if promise else None
    arrived = mine.pop(wanted, 0) if wanted else 0
    return PromiseCheck(
        device=device,
        story=story,
        expected=_format_fault(*wanted) if wanted else NO_TICKET,
        arrived=arrived,
        uncalled=tuple(_format_fault(*key) for key in mine.elements()),
        due=promise is None or elapsed >= promise.by,
    )


def _format_fault(fault: str, component: str) -> str:
    return f"{fault} ({component})" if component else fault
