"""What the replays of a printer and of a site share: when to look again, and firings from changes."""

import pytest

from agent.core.model import Address, Change, ChangeKind, Device, Impact
from agent.pipeline.replay.transitions import (
    LONG_INTERVAL,
    MIN_INTERVAL,
    SHORT_INTERVAL,
    next_look,
    pair_firings,
)
from agent.rules.backtest.firing import Firing
from agent.rules.lifecycle import LifecycleState, Phase, advance_state
from agent.rules.rule import FlapDetection, Timing

NOW = 100_000.0
HOUR = 3600.0
PATIENCE = Timing(for_duration=2 * HOUR, keep_firing=4 * HOUR, stale_after=10 * HOUR)
DEVICE = Device(key="sn:A1", address=Address("192.0.2.1"), vendor="HP", model="E786")

LOOKS = [
    # name, phase, since when (hours before now), whether it may be announced at any time, seconds from now
    ("pending: when `for` is over", Phase.PENDING, 0.5, False, 1.5 * HOUR),
    ("recovering: when `keep_firing` is over", Phase.RECOVERING, 1, False, 3 * HOUR),
    ("over, and waiting for a reading: before it counts as a gap", Phase.PENDING, 3, False, 9 * HOUR),
    ("nearly over: not at once again", Phase.PENDING, 2 - 1 / HOUR, False, MIN_INTERVAL),
    ("firing: twice a day", Phase.FIRING, 1, False, LONG_INTERVAL),
    ("firing and held back by others: often", Phase.FIRING, 1, True, SHORT_INTERVAL),
    ("resting: twice a day", Phase.RESTING, 1, True, LONG_INTERVAL),
]


@pytest.mark.parametrize(("name", "phase", "hours", "waiting", "then"), LOOKS, ids=[it[0] for it in LOOKS])
def test_a_state_is_looked_at_when_time_alone_may_move_it(name, phase, hours, waiting, then):
    state = LifecycleState(phase=phase, began=0.0, since=NOW - hours * HOUR, seen=NOW)
    assert next_look(state, PATIENCE, NOW, waiting=waiting) - NOW == pytest.approx(then)


def test_what_comes_and_goes_is_looked_at_when_its_longer_wait_is_over():
    timing = Timing(
        for_duration=0,
        keep_firing=HOUR,
        stale_after=90 * HOUR,
        flap=FlapDetection(max_opens=1, window=90 * HOUR, hold=6 * HOUR),
    )
    state = LifecycleState(phase=Phase.RECOVERING, began=0.0, since=NOW, seen=NOW, opens=(1.0, 2.0))
    assert next_look(state, timing, NOW) == NOW + 6 * HOUR


def test_nothing_moves_before_the_next_look():
    state = LifecycleState(phase=Phase.PENDING, began=NOW, since=NOW, seen=NOW)
    look = next_look(state, PATIENCE, NOW)
    before = advance_state(state, holds=True, ceased=False, now=look - 1, timing=PATIENCE)
    after = advance_state(state, holds=True, ceased=False, now=look, timing=PATIENCE)
    assert before is not None
    assert after is not None
    assert (before.phase, after.phase) == (Phase.PENDING, Phase.FIRING)


def change(kind: ChangeKind, rule: str, subject: str) -> Change:
    return Change(
        kind=kind, at=0.0, since=0.0, device=DEVICE, subject=subject, rule=rule, title=f"{rule} {subject}",
        fault="supply.low", component="", impact=Impact.SUPPLY, severity="normal",
    )  # fmt: skip


def test_changes_become_firings_by_rule_and_subject_and_those_still_open_come_last():
    opened, resolved = ChangeKind.OPENED, ChangeKind.RESOLVED
    changes = [
        (1.0, change(opened, "low", "black")),
        (2.0, change(opened, "low", "cyan")),
        (3.0, change(resolved, "low", "cyan")),
        (4.0, change(resolved, "empty", "black")),  # began before the span
        (5.0, change(opened, "low", "cyan")),
    ]

    def firing(subject: str, since: float, until: float | None) -> tuple[str, Firing]:
        name, title = DEVICE.name, f"low {subject}"
        return "low", Firing(
            device="sn:A1",
            name=name,
            subject=subject,
            opened=since,
            closed=until,
            title=title,
            fault="supply.low",
            since=0.0,  # as `change` has it: when the condition was first seen
        )

    assert list(pair_firings(DEVICE, changes)) == [
        firing("cyan", 2.0, 3.0),
        firing("black", 1.0, None),
        firing("cyan", 5.0, None),
    ]
