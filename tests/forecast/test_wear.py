"""Troubles of a part: when chance no longer explains them."""

import pytest

from agent.core.model import Alert
from agent.forecast.failure_events import TroubleKind, find_trouble
from agent.forecast.fleet import PrinterForecaster
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.part_wear import PartEvidence, evidence_of_trouble
from agent.forecast.site_rhythm import SiteTrend
from tests.forecast.conftest import DAY, MONDAY


def row(name: str, group: str, at: int = 1, text: str = "") -> Alert:
    return Alert(index=1, name=name, group=group, group_index=at, text=text, severity="critical")


JAM, MISFEED = row("jam", "input", 2), row("inputMediaTrayFeedError", "input", 2)
GONE = row("inputMediaTrayFeedFailure", "input", 2)

KNOWN = [
    ("a jam at a tray is its rollers'", JAM, ("roller 2", TroubleKind.JAM)),
    (
        "a jam in the fuser area",
        row("jam", "mediaPath", 3, "Jam in fuser area"),
        ("fuser 1", TroubleKind.JAM),
    ),
    ("a jam nobody says where", row("jam", "mediaPath", 3), None),
    ("a cold fuser", row("markerFuserUnderTemperature", "marker"), ("fuser 1", TroubleKind.FAULT)),
    ("a drum at its end", row("markerOpcLifeOver", "marker"), ("drum 1", TroubleKind.END)),
    ("an empty tray is no wear", row("inputMediaSupplyEmpty", "input"), None),
    ("an open cover is no wear", row("coverOpen", "cover"), None),
]


@pytest.mark.parametrize(("what", "alert", "found"), KNOWN, ids=[case[0] for case in KNOWN])
def test_alerts_speak_of_parts(what: str, alert: Alert, found: tuple[str, TroubleKind] | None) -> None:
    assert find_trouble(alert) == found, what


def odds(*alerts: tuple[float, Alert], pages_a_day: float = 200.0) -> float:
    """The odds that tray 2's rollers are worn, on the day after the last of (day, alert)."""
    pool, printer = FleetPriors(), PrinterForecaster(SiteTrend())
    printer.usage.week = 7 * pages_a_day
    for day, alert in alerts:
        printer.usage.pages = pages_a_day * day
        printer.add_alert(pool, alert, MONDAY + day * DAY)
    last = alerts[-1][0] + 1
    printer.usage.pages = pages_a_day * last
    wear = printer.build_part_forecasts(pool, MONDAY + last * DAY).get("roller 2")
    return wear.odds if wear else 0.0


def test_a_cluster_counts_far_more_than_the_same_troubles_spread_over_months() -> None:
    cluster = odds((0, JAM), (1, JAM), (2, MISFEED))
    spread = odds((0, JAM), (90, JAM), (180, MISFEED))
    assert cluster > 100
    assert cluster > 20 * spread


def test_on_a_busy_printer_the_same_troubles_are_chance() -> None:
    quiet, busy = (odds((0, JAM), (4, JAM), (8, JAM), pages_a_day=n) for n in (50.0, 5000.0))
    assert quiet > 100 * busy


def test_a_fault_that_names_the_part_tells_more_than_a_jam() -> None:
    assert odds((0, MISFEED), (1, MISFEED)) > 2 * odds((0, JAM), (1, JAM))


def test_one_sheet_that_jams_four_times_within_the_hour_is_one_trouble() -> None:
    once = odds((0, JAM))
    assert odds(*((number / 100, JAM) for number in range(4))) == pytest.approx(once, rel=0.2)


def test_a_part_that_failed_for_good_leaves_a_new_one_without_blame() -> None:
    assert odds((0, JAM), (1, MISFEED)) > 50
    assert odds((0, JAM), (1, MISFEED), (2, GONE)) == 1.0


def test_what_a_broken_part_still_meets_until_it_is_repaired_blames_no_new_one() -> None:
    soon = odds((0, GONE), (1, JAM), (1.2, MISFEED), (1.4, JAM))
    later = odds((0, GONE), (7, JAM), (7.2, MISFEED), (7.4, JAM))
    assert soon == 1.0
    assert later > 100


def test_what_healthy_parts_hardly_ever_meet_tells_the_most() -> None:
    pool = FleetPriors()
    usual = evidence_of_trouble(pool, "drum", TroubleKind.JAM)
    assert usual > evidence_of_trouble(pool, "roller", TroubleKind.JAM) > 0.0
    pool.healthy["drum jam"] = (300.0, 1e6)  # in this fleet they meet it all the time
    assert evidence_of_trouble(pool, "drum", TroubleKind.JAM) < 0.5 * usual


def test_a_fleet_of_one_printer_still_finds_its_first_worn_part() -> None:
    """Its own troubles are all that it learns from, and they must not pass for what is healthy."""
    assert odds((0, MISFEED), (1, MISFEED)) > 120


@pytest.mark.parametrize(("age", "than"), [(0.95, 1.5), (0.3, 0.2)], ids=["old", "young"])
def test_an_old_part_is_blamed_sooner_and_a_young_one_later(age: float, than: float) -> None:
    part = PartEvidence("fuser", evidence=3.0)
    ratio = part.worn_odds(0.0, age) / part.worn_odds(0.0, None)
    assert ratio > than if than > 1 else ratio < than


def test_age_alone_blames_nothing() -> None:
    assert PartEvidence("fuser").worn_odds(0.0, 1.0) == 1.0
