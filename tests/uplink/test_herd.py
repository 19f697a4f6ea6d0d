"""Two thousand agents and a receiver that was away: nobody tramples it when it is back.

Virtual time, the real retry code: `Destination.after` decides every pause.
"""

import heapq
from collections import Counter
from random import Random
from typing import Any

import pytest

from uplink import retry
from uplink.destination import Destination
from uplink.errors import Throttled, Unreachable

DAY = 86400.0
AGENTS = 2000


def requests_after(
    outage: float, *, agents: int = AGENTS, seed: int = 1, watched: float = 600.0
) -> Counter[int]:
    """Requests in each second after the receiver is back, and the last hour before: second 0 is the return.

    Each agent that gets through has three more requests to make, one after the other, 50 ms each.
    """
    dice, seconds = Random(seed), Counter[int]()
    heads = [Destination(name="r") for _ in range(agents)]
    backlog = [3] * agents
    due = [(dice.random(), number) for number in range(agents)]  # all lose it within the same second
    heapq.heapify(due)
    while due and due[0][0] < outage + watched:
        now, number = heapq.heappop(due)
        seconds[int(now - outage)] += now >= outage - 3600
        if now < outage:
            heads[number] = heads[number].after(Unreachable("down"), now, dice)
            heapq.heappush(due, (heads[number].due, number))
        elif backlog[number]:
            heads[number] = heads[number].after(None, now, dice)
            backlog[number] -= 1
            heapq.heappush(due, (now + 0.05, number))
    assert not any(backlog), "somebody never came through"
    return seconds


def peak(outage: float, agents: int = AGENTS) -> float:
    """The largest share of agents whose first request comes in one second after the return."""
    seconds = requests_after(outage, agents=agents)
    return max(count for second, count in seconds.items() if second >= 0) / 4 / agents


def test_after_an_outage_less_than_two_percent_come_in_any_second(claim: Any) -> None:
    share = peak(6 * 3600.0)
    claim("herd", f"2,000 agents after 6 hours: at most {share:.2%} of them in one second")
    assert share < 0.02


@pytest.mark.long
@pytest.mark.parametrize(("days", "agents"), [(3, AGENTS), (30, 500)])
def test_after_three_days_and_after_thirty_all_the_same(days: int, agents: int, claim: Any) -> None:
    share = peak(days * DAY, agents)
    claim("herd", f"{agents} agents after {days} days: at most {share:.2%} of them in one second")
    assert share < 0.02


def test_without_jitter_the_herd_tramples(monkeypatch: pytest.MonkeyPatch, claim: Any) -> None:
    """Broken: everybody waits exactly as long as everybody else."""

    def no_jitter(failures: int, _: Random) -> float:
        return float(min(retry.LONGEST, retry.FIRST * 2.0 ** min(failures, 30)))

    monkeypatch.setattr(retry, "backoff", no_jitter)
    share = peak(6 * 3600.0)
    claim.broken("herd", f"no jitter: {share:.0%} of them in one second")
    assert share > 0.2


def test_a_retry_after_for_everybody_spreads_them_too() -> None:
    dice, arrivals = Random(2), Counter[int]()
    for _ in range(AGENTS):
        head = Destination(name="r").after(Throttled("busy", 600.0), 0.0, dice)
        assert head.due >= 600
        arrivals[int(head.due)] += 1
    assert max(arrivals.values()) < 0.02 * AGENTS
