"""Promises of a forecast: right where the world is regular, ordered, and made from nothing but readings."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.forecast.fleet import FleetForecaster
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_forecast import forecast_supply
from agent.forecast.supply_model import SupplyModel, SupplySample
from agent.forecast.usage import UsageModel, days_to_print
from tests.forecast.conftest import DAY, MONDAY, Office, equipped, played


def misses(office: Office, days: int, shuffled: bool = False) -> list[float]:
    """How far each forecast at seven days before an empty cartridge was off, in days."""
    fleet, made = FleetForecaster(), []
    equipped(fleet, office)
    readings = list(office.readings(days))
    if shuffled:
        looks = [look for _, _, look in readings]
        random.Random(5).shuffle(looks)
        readings = [(at, count, look) for (at, count, _), look in zip(readings, looks, strict=True)]
    for at, count, look in readings:
        fleet.add_reading(office.key, at, count, {"1": look})
        if found := fleet.build_forecasts(office.key, at).supplies.get("1"):
            made.append((at, found.p50))
    off = []
    for emptied in office.emptied[2:]:
        at, days_left = [it for it in made if it[0] <= emptied - 7 * DAY][-1]
        off.append(abs(days_left - (emptied - at) / DAY))
    return off


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("finest", [1, 10], ids=["a gauge by percent", "a gauge by tens"])
def test_a_regular_office_is_foreseen_within_two_days_a_week_ahead(finest: int) -> None:
    assert mean(misses(Office(scatter=0.3, finest=finest), 400)) < 2.0


def test_shuffled_levels_lose_the_accuracy() -> None:
    """The negative control: the same numbers in another order must be worth much less."""
    true = mean(misses(Office(scatter=0.3), 400))
    assert mean(misses(Office(scatter=0.3), 400, shuffled=True)) > 2.0 * true


def test_most_truths_lie_between_p10_and_p90(office: Office) -> None:
    fleet, inside = FleetForecaster(), []
    equipped(fleet, office)
    made = []
    for at, count, look in office.readings(500):
        fleet.add_reading(office.key, at, count, {"1": look})
        if found := fleet.build_forecasts(office.key, at).supplies.get("1"):
            made.append(found)
    for emptied in office.emptied[3:]:
        for lead in (14, 7, 3):
            found = [it for it in made if it.at <= emptied - lead * DAY][-1]
            inside.append(found.p10 <= (emptied - found.at) / DAY <= found.p90)
    assert 0.6 <= mean([float(it) for it in inside]) <= 0.97


def test_the_marks_of_every_forecast_are_in_order(office: Office) -> None:
    fleet = FleetForecaster()
    equipped(fleet, office)
    for at, count, look in office.readings(120):
        fleet.add_reading(office.key, at, count, {"1": look})
        for found in fleet.build_forecasts(office.key, at).supplies.values():
            assert 0.0 <= found.p10 <= found.p50 <= found.p90
            chances = [found.days_at_chance(chance / 10) for chance in range(1, 10)]
            assert chances == sorted(chances)


def test_a_new_cartridge_starts_the_forecast_anew(office: Office) -> None:
    fleet, last = FleetForecaster(), 0.0
    equipped(fleet, office)
    for at, count, look in office.readings(60):
        fleet.add_reading(office.key, at, count, {"1": look})
        found = fleet.build_forecasts(office.key, at).supplies.get("1")
        if office.renewed and at == office.renewed[0]:
            assert last < 1.0
            assert found is not None
            assert found.p50 > 15.0
            assert found.left > 0.9
            return
        last = found.p50 if found else last
    pytest.fail("no cartridge was replaced")


def test_the_same_readings_give_the_same_forecasts(office: Office) -> None:
    again = replace(office, emptied=[], renewed=[])
    first, second = played(office, 90), played(again, 90)
    at = MONDAY + 90 * DAY
    assert first.build_forecasts("P1", at) == second.build_forecasts("P1", at)
    assert first.pool == second.pool


def test_nothing_is_foreseen_from_silence() -> None:
    fleet = FleetForecaster()
    fleet.get_printer("P1").slots["1"] = SupplyModel()
    assert fleet.build_forecasts("P1", MONDAY).supplies == {}
    fleet.add_reading("P1", MONDAY, 100, {})
    assert fleet.build_forecasts("P1", MONDAY + DAY).supplies == {}


def test_a_printer_that_never_prints_is_given_no_date() -> None:
    fleet = FleetForecaster()
    fleet.get_printer("P1").slots["1"] = SupplyModel()
    for day in range(40):
        fleet.add_reading("P1", MONDAY + day * DAY, 500, {"1": SupplySample(0.5)})
    assert fleet.build_forecasts("P1", MONDAY + 40 * DAY).supplies == {}


def test_an_empty_cartridge_is_due_now() -> None:
    office = Office()
    fleet = FleetForecaster()
    equipped(fleet, office)
    for at, count, look in office.readings(80):
        fleet.add_reading(office.key, at, count, {"1": look})
        if look.empty:
            assert fleet.build_forecasts(office.key, at).supplies["1"].p90 == 0.0
            return
    pytest.fail("no cartridge ran empty")


def ready(pages_since: float, level: float | None = 0.5) -> float:
    """The best estimate for a cartridge whose level was last seen to drop `pages_since` pages ago."""
    habit = UsageModel(pages=1000.0 + pages_since, due=[100.0] * 7, week=700.0, days=60)
    slot = SupplyModel(
        look=SupplySample(level),
        rated=4000.0,
        anchor=0.5,
        anchored=1000.0,
        used=1.0,
        over=4000.0,
        replacements=1,
    )
    slot.noted_at = 1.0
    found = forecast_supply(FleetPriors(), SiteTrend(), habit, slot, MONDAY)
    assert found is not None
    return found.p50


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 5000), st.floats(0, 5000), st.sampled_from([0.5, None]))
def test_more_pages_never_lengthen_a_forecast(some: float, more: float, level: float | None) -> None:
    low, high = sorted((some, more))
    assert ready(high, level) <= ready(low, level) + 1e-6


@settings(max_examples=300, deadline=None)
@given(
    st.floats(0.0, 1e5),
    st.floats(0.0, 1e3),
    st.floats(0, 7),
    st.lists(st.floats(0, 500), min_size=7, max_size=7).filter(lambda due: sum(due) > 1.0),
)
def test_more_pages_never_take_fewer_days(pages: float, more: float, days: float, due: list[float]) -> None:
    at = MONDAY + days * DAY
    assert (
        0.0
        <= days_to_print(pages, at, due, sum(due))
        <= days_to_print(pages + more, at, due, sum(due)) + 1e-9
    )


def test_a_premature_swap_is_told_with_what_was_left() -> None:
    fleet = FleetForecaster()
    fleet.get_printer("P1").slots["1"] = SupplyModel(rated=4000.0)
    count = 0
    for day in range(30):
        count += 80
        fleet.add_reading("P1", MONDAY + day * DAY, count, {"1": SupplySample(1.0 - day * 0.02)})
    fleet.add_reading("P1", MONDAY + 30 * DAY, count, {"1": SupplySample(1.0)})
    assert fleet.printers["P1"].premature_shares["1"] == pytest.approx(0.41, abs=0.03)


def test_without_numbers_before_and_after_nobody_can_tell_what_was_left() -> None:
    """A printer that begins to tell a level has no other cartridge; the swap that it looks like is not early."""
    fleet = FleetForecaster()
    fleet.get_printer("P1").slots["1"] = SupplyModel(rated=4000.0)
    for day in range(3):
        fleet.add_reading("P1", MONDAY + day * DAY, 80 * day, {"1": SupplySample(None, "some_left")})
    fleet.add_reading("P1", MONDAY + 3 * DAY, 240, {"1": SupplySample(0.06)})
    assert not fleet.printers["P1"].premature_shares.get("1")


def test_a_cartridge_without_a_level_is_foreseen_by_those_before_it() -> None:
    """-3 all its life, "low" near the end: pages since the swap, and what earlier ones gave."""
    office = Office(scatter=0.2)
    fleet = FleetForecaster()
    equipped(fleet, office)
    made = []
    for at, count, look in office.readings(400):
        vague = SupplySample(None, "empty" if look.empty else "some_left", look.low, look.empty)
        fleet.add_reading(office.key, at, count, {"1": vague})
        if found := fleet.build_forecasts(office.key, at).supplies.get("1"):
            made.append(found)
    for emptied in office.emptied[4:]:
        found = [it for it in made if it.at <= emptied - 7 * DAY][-1]
        assert found.p50 == pytest.approx((emptied - found.at) / DAY, abs=4.0)


def test_a_gauge_by_tens_is_exact_in_the_moment_in_which_it_comes_down() -> None:
    """It shows 30 % from 30 down to 20; a page after it came down it is 30, and pages count from there."""
    pool, slot = FleetPriors(), SupplyModel(rated=2000.0)
    for number, level in enumerate((1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)):
        slot.add_sample(pool, SupplySample(level), MONDAY, 100.0 * number, 100.0 * number - 1)
    left, _, _ = slot.estimate_left(pool, SupplySample(0.3), 701.0)
    assert left == pytest.approx(0.29, abs=0.015)
    later, _, _ = slot.estimate_left(pool, SupplySample(0.3), 750.0)
    assert 0.2 < later < left - 0.01


def test_a_cartridge_without_a_level_starts_anew_when_its_alert_is_gone() -> None:
    """It came out "almost empty", four hundred pages after the alert came up: the next one is full."""
    pool, slot = FleetPriors(), SupplyModel(rated=4000.0)
    slot.add_sample(pool, SupplySample(None, "some_left"), MONDAY, 0.0, 0.0)
    slot.add_sample(pool, SupplySample(None, "some_left", low=True), MONDAY + DAY, 3000.0, 2990.0)
    slot.add_sample(pool, SupplySample(None, "some_left"), MONDAY + 5 * DAY, 3400.0, 3400.0)
    left, _, _ = slot.estimate_left(pool, SupplySample(None, "some_left"), 3401.0)
    assert slot.installed == 3400.0
    assert left > 0.95
