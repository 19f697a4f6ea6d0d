"""Two thousand agents and a receiver that was away: nobody tramples it when it is back.

Virtual time, the real retry code: `Destination.after` decides every pause.
"""

from collections import Counter
from random import Random
from typing import Any

import pytest

from uplink.delivery import retry
from uplink.delivery.destination_state import DestinationState
from uplink.errors import Throttled, Unreachable

DAY = 86400.0
AGENTS = 2000
STEADY = 32  # failures in a row after which the pauses are drawn alike for ever
DOWN = Unreachable("down")


def arrivals(outage: float, *, agents: int = AGENTS, seed: int = 1) -> Counter[int]:
    """How many agents call in each second after the receiver is back.

    All lose it within the same second. Who gets through has three more requests to make, 50 ms each.
    """
    dice, callers = Random(seed), Counter[int]()
    for _ in range(agents):
        head, now = DestinationState(name="r"), dice.random()
        while now < outage and head.failures < STEADY:
            head = head.after_attempt(DOWN, now, dice)
            now = head.due
        while now < outage:  # what `after` would do, without a new record each of 17,000 times
            now += retry.pause_after_failure(DOWN, head.failures, dice)
        callers.update({int(now + 0.05 * request - outage) for request in range(4)})
    return callers


def peak(outage: float) -> float:
    """The largest share of the agents that call in one second after the return."""
    return max(arrivals(outage).values()) / AGENTS


@pytest.mark.claim("herd")
@pytest.mark.parametrize("days", [0.25, *(pytest.param(days, marks=pytest.mark.long) for days in (3, 30))])
def test_after_an_outage_less_than_two_percent_come_in_any_second(days: float, figure: Any) -> None:
    share = peak(days * DAY)
    figure(agents=AGENTS, days=days, peak=share)
    assert share < 0.02


@pytest.mark.control("herd")
def test_without_jitter_the_herd_tramples(monkeypatch: pytest.MonkeyPatch, figure: Any) -> None:
    """Broken: everybody waits exactly as long as everybody else."""

    def no_jitter(failures: int, _: Random) -> float:
        return float(min(retry.MAX_BACKOFF, retry.FIRST_BACKOFF * 2.0 ** min(failures, 30)))

    monkeypatch.setattr(retry, "draw_backoff", no_jitter)
    share = peak(6 * 3600.0)
    figure(peak=share)
    assert share > 0.2


def test_a_retry_after_for_everybody_spreads_them_too() -> None:
    dice, arrivals = Random(2), Counter[int]()
    for _ in range(AGENTS):
        head = DestinationState(name="r").after_attempt(Throttled("busy", 600.0), 0.0, dice)
        assert head.due >= 600
        arrivals[int(head.due)] += 1
    assert max(arrivals.values()) < 0.02 * AGENTS
