"""Shared by the replays of a printer and of a site.

states ──► next_look ──► when to evaluate again, although nothing changes
changes ──► pair_firings ──► firings, from opened to resolved
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.core.model import Change, ChangeKind, Device
from agent.rules.backtest.firing import Firing
from agent.rules.lifecycle import LifecycleState, Phase, resolve_delay
from agent.rules.rule import Timing
from agent.rules.state_store import StateKey

SHORT_INTERVAL, LONG_INTERVAL = 900.0, 43200.0  # seconds between looks, where time alone may tell
MIN_INTERVAL = 60.0  # seconds between two looks at the same state


def next_look(state: LifecycleState, timing: Timing, now: float, *, waiting: bool = False) -> float:
    """When `state` may move by time alone, `LEAST` seconds from `now` at the earliest.

    A pending or recovering state moves when its wait is over; it is looked at before that, so that no gap
    between two looks counts as unwatched. `waiting`: it fires, and may be announced at any time.
    """
    if state.phase is Phase.FIRING or state.phase is Phase.RESTING:
        return now + (SHORT_INTERVAL if waiting and state.phase is Phase.FIRING else LONG_INTERVAL)
    over = state.since + (
        timing.for_duration if state.phase is Phase.PENDING else resolve_delay(state, timing)
    )
    watch = now + timing.stale_after * 0.9
    sooner = min(over, watch) if over > now else watch  # if it is over, it waits for a reading, not for time
    return max(now + MIN_INTERVAL, sooner)


def pair_firings(device: Device, changes: Iterable[tuple[float, Change]]) -> Iterator[tuple[str, Firing]]:
    """(rule, firing) of each change that was resolved, by the time it was; then those that are still open."""
    active: dict[StateKey, Firing] = {}
    for at, change in changes:
        key = (change.rule, change.subject)
        if change.kind is ChangeKind.OPENED:
            active[key] = Firing(
                device=device.key,
                name=device.name,
                subject=change.subject,
                opened=at,
                title=change.title,
                fault=change.fault,
                component=change.component,
                since=change.since,
                renewed=change.renewed,
                digest=change.grouping.digest,
            )
        elif key in active:
            yield change.rule, replace(active.pop(key), closed=at)
    yield from ((rule, firing) for (rule, _), firing in active.items())
