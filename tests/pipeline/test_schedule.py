"""Who is due, when."""

import time

import pytest

from agent.core.model import Tier
from agent.core.units import HourRange
from agent.pipeline.polling.schedule import QUIET_FACTOR, PollQueue

CADENCE = {Tier.ALERTS: 300.0, Tier.SUPPLIES: 1800.0, Tier.METERS: 3600.0, Tier.INVENTORY: 86400.0}


def day(rota, printers, step=10.0, length=86400.0):
    """[(at, key, tiers)] of a simulated day."""
    for key in printers:
        rota.add_printer(key, 0.0)
    return [
        (step * n, key, tiers)
        for n in range(int(length / step))
        for key, tiers in rota.take_due(step * n, 10_000, wall=step * n)
    ]


def test_each_tier_has_its_own_cadence():
    polls = day(PollQueue(CADENCE), ["a"])
    count = {tier: sum(tier in tiers for _, _, tiers in polls) for tier in Tier}
    assert 280 <= count[Tier.ALERTS] <= 289
    assert 46 <= count[Tier.SUPPLIES] <= 56
    assert 23 <= count[Tier.METERS] <= 28
    assert count[Tier.INVENTORY] == 1


def test_what_is_nearly_due_rides_along():
    polls = day(PollQueue(CADENCE), ["a"])
    assert sum(len(tiers) > 1 for _, _, tiers in polls) >= 20


def test_printers_are_spread_over_the_cadence():
    polls = day(PollQueue(CADENCE), [f"printer-{n}" for n in range(300)], length=300)
    busiest = max(sum(at == moment for at, _, _ in polls) for moment, _, _ in polls)
    assert len({key for _, key, _ in polls}) >= 290
    assert busiest <= 30, "300 printers in 30 steps: about 10 each, never a herd"


def test_the_spread_is_the_same_at_each_start():
    assert day(PollQueue(CADENCE), ["a", "b"], length=900) == day(PollQueue(CADENCE), ["a", "b"], length=900)


def test_nobody_is_asked_twice_for_being_late():
    rota = PollQueue(CADENCE)
    rota.add_printer("a", 0.0)
    assert len(rota.take_due(86_400.0, 10, wall=0)) == 1
    assert rota.take_due(86_400.0, 10, wall=0) == []


def test_the_limit_leaves_the_rest_due():
    rota = PollQueue(CADENCE)
    for n in range(5):
        rota.add_printer(f"p{n}", 0.0)
    assert len(rota.take_due(400.0, 3, wall=0)) == 3
    assert len(rota.take_due(400.0, 3, wall=0)) == 2


def test_a_dropped_printer_is_never_due():
    rota = PollQueue(CADENCE)
    rota.add_printer("a", 0.0)
    rota.drop_printer("a")
    assert rota.take_due(1e9, 10, wall=0) == []


def test_hurry_brings_a_printer_forward():
    rota = PollQueue(CADENCE)
    rota.add_printer("a", 0.0)
    rota.set_due("a", frozenset({Tier.SUPPLIES}), 1.0)
    assert rota.take_due(1.0, 10, wall=0)[0][1] >= {Tier.SUPPLIES}


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [("20:00-06:00", "23:30", True), ("20:00-06:00", "05:59", True), ("20:00-06:00", "06:00", False),
     ("12:00-13:00", "12:30", True), ("12:00-13:00", "13:00", False), ("12:00-13:00", "23:00", False)],
)  # fmt: skip
def test_quiet_hours_may_span_midnight(hours, at, quiet):
    moment = time.mktime(time.strptime(f"2026-11-20 {at}", "%Y-%m-%d %H:%M"))
    assert HourRange.parse(hours).covers_time(moment) is quiet


@pytest.mark.parametrize("text", ["at night", "25:00-06:00", "20-6", ""])
def test_hours_that_are_none_are_refused_with_an_example(text):
    with pytest.raises(ValueError, match="20:00-06:00"):
        HourRange.parse(text)


def test_in_quiet_hours_printers_are_asked_less_often():
    midnight = time.mktime(time.strptime("2026-11-20 00:00", "%Y-%m-%d %H:%M"))
    asked = []
    for quiet in (None, HourRange.parse("00:00-23:59")):
        rota = PollQueue(CADENCE, quiet)
        rota.add_printer("a", 0.0)
        polls = [at for at in range(0, 6 * 3600, 30) if rota.take_due(at, 10, wall=midnight + at)]
        asked.append(len(polls))
    assert asked[0] / asked[1] == pytest.approx(QUIET_FACTOR, rel=0.35)
