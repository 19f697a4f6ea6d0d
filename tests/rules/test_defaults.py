"""The shipped rules against situations from the field: what opens, and above all what does not."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC
from typing import Any

import pytest

from agent.core.model import AlertKind, Change, ChangeKind, DeviceStatus, Episode, Facts, SiteFacts, Vague
from agent.rules import loader
from agent.rules.evaluator import RuleEvaluator

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
DOWN, RUNNING, WARNING = DeviceStatus.DOWN, DeviceStatus.RUNNING, DeviceStatus.WARNING
POLL = 5 * MINUTE


@pytest.fixture(scope="module")
def judge() -> RuleEvaluator:
    return RuleEvaluator(loader.load_rules(loader.shipped_files(), UTC))


def watch(judge: RuleEvaluator, tx: sqlite3.Connection, facts: Iterable[Facts]) -> list[Change]:
    return [change for known in facts for change in judge.evaluate_device(tx, known)]


def polls(hours: float, begin: float = 0.0) -> list[float]:
    return [begin + n * POLL for n in range(int(hours * HOUR / POLL) + 1)]


def opened(changes: list[Change]) -> list[str]:
    """ "supply-low toner:black": who spoke first, and of what."""
    return [f"{it.rule} {it.component}".strip() for it in changes if it.kind is ChangeKind.OPENED]


def alert_facts(printer: Any, row: Any, hours: float, **different: Any) -> list[Facts]:
    episode = printer.episode(row)
    return [
        printer.facts(now, open_alerts=(episode,), recent_alerts=(episode,), **different)
        for now in polls(hours)
    ]


SUPPLIES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("toner at 8 % is ordered", {"level": 8}, ["supply-low toner:black"]),
    ("toner at exactly 10 % is ordered", {"level": 10}, ["supply-low toner:black"]),
    ("toner at 11 % is not", {"level": 11}, []),
    ("a level of 200 in 10000 is 2 %", {"level": 200, "max": 10000}, ["supply-low toner:black"]),
    ("ink at 1 % is empty", {"level": 1, "type": "inkCartridge"}, ["supply-empty inkCartridge:black"]),
    ("ink without a class is ink", {"level": 1, "type": "ink", "kind": None}, ["supply-empty ink:black"]),
    ("some left is no number", {"level": Vague.SOME_LEFT}, []),
    ("unknown is no number", {"level": Vague.UNKNOWN}, []),
    ("a level without a capacity is no percentage", {"level": 3, "max": Vague.UNKNOWN}, []),
    ("a waste box says nothing by its level", {"level": 5, "type": "wasteToner", "kind": "receptacle"}, []),
    ("a waste box without a class neither", {"level": 5, "type": "wasteToner", "kind": None}, []),
    ("a supply of unknown type is left alone", {"level": 5, "type": None, "kind": None}, []),
    ("a worn drum is not ordered like toner", {"level": 3, "type": "opc"}, []),
]


@pytest.mark.parametrize(("name", "supply", "expected"), SUPPLIES, ids=[it[0] for it in SUPPLIES])
def test_supplies(
    judge: RuleEvaluator,
    printer: Any,
    tx: sqlite3.Connection,
    name: str,
    supply: dict[str, Any],
    expected: list[str],
) -> None:
    facts = [printer.facts(now, supplies=(printer.toner(**supply),)) for now in polls(3)]
    assert opened(watch(judge, tx, facts)) == expected


def half_hourly(printer: Any, levels: Iterable[Any]) -> list[Facts]:
    """Supplies are read every 30 minutes, the rest every 5: six judgements rest on one reading."""
    return [
        printer.facts(
            n * 30 * MINUTE + m * POLL, supplies=(printer.toner(level),), supplies_at=n * 30 * MINUTE
        )
        for n, level in enumerate(levels)
        for m in range(6)
    ]


def test_one_odd_reading_orders_nothing(judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection) -> None:
    assert watch(judge, tx, half_hourly(printer, [80, 80, 3, 80, 80, 3, 80])) == []


def test_a_wobble_between_9_and_11_gives_one_order_in_a_day(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    changes = watch(judge, tx, half_hourly(printer, [9, 9, 9, *([11, 9] * 24)]))
    assert [change.kind for change in changes] == [ChangeKind.OPENED]


def test_a_shaken_cartridge_gives_no_second_order(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    changes = watch(judge, tx, half_hourly(printer, [8, 8, 8, 18, 18, 18, 9, 9, 9, 5, 5]))
    assert opened(changes) == ["supply-low toner:black"]


def test_a_new_cartridge_ends_the_order_and_the_next_one_begins_another(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    changes = watch(judge, tx, half_hourly(printer, [8] * 4 + [100] * 4 + [8] * 4))
    kinds = [change.kind for change in changes]
    assert kinds == [ChangeKind.OPENED, ChangeKind.RESOLVED, ChangeKind.OPENED]


def test_running_out_says_it_more_gravely_about_the_same_thing(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    low, empty = watch(judge, tx, half_hourly(printer, [8] * 4 + [1] * 4))
    assert (low.rule, empty.rule) == ("supply-low", "supply-empty")
    assert (low.fault, low.component) == (empty.fault, empty.component)
    assert (low.severity, empty.severity) == ("normal", "high")


ALERTS: list[tuple[str, dict[str, Any], float, list[str]]] = [
    ("fuser timing", {"code": 1003}, 0.5, ["fuser-failure fuser:1"]),
    ("fuser too hot", {"code": 1002}, 0.5, ["fuser-failure fuser:1"]),
    ("fuser thermistor", {"code": 1004, "at": 2}, 0.5, ["fuser-failure fuser:2"]),
    ("a fuser that comes right within minutes", {"code": 1003}, 0.1, []),
    ("a cold fuser is warm-up", {"code": 1001}, 24, []),
    ("a thermistor of a marker is the fuser's", {"code": 38}, 0.5, ["fuser-temperature fuser:1"]),
    (
        "a thermistor elsewhere is not",
        {"code": 38, "group": "finDevice"},
        0.5,
        ["temperature-elsewhere finDevice:1"],
    ),
    ("a marker warming up for 10 minutes", {"code": 35}, 1 / 6, []),
    ("a unary warning says it happened, not that it is", {"code": 1003, "kind": AlertKind.EVENT}, 24, []),
    ("a motor", {"code": 33, "group": "input", "at": 2}, 0.5, ["hardware-failure input:2"]),
    ("a tray lift", {"code": 812, "group": "input", "at": 1}, 0.5, ["hardware-failure input:1"]),
    (
        "a finisher's mailbox, and printing goes on",
        {"code": 904, "group": "output", "severity": "warningBinaryChangeEvent"},
        2,
        ["hardware-failure-partial output:1"],
    ),
    ("an unrecoverable cartridge is no technician's work", {"code": 30, "group": "markerSupplies"}, 24, []),
    ("a drum at its end", {"code": 1112, "group": "markerSupplies"}, 2, ["part-worn-out markerSupplies:1"]),
    ("an open cover", {"code": 3, "group": "cover", "training": "untrained"}, 24, []),
    ("an open door", {"code": 501, "group": "generalPrinter"}, 24, []),
    ("one jam", {"code": 8, "group": "input"}, 24, []),
    ("paper out", {"code": 808, "group": "input", "training": "untrained"}, 24, []),
    ("toner empty by alert, where a level says otherwise", {"code": 1101, "group": "markerSupplies"}, 24, []),
    ("a removed row's marker", {"code": 1801, "group": "alert", "severity": "warning"}, 24, []),
    ("a code nobody knows", {"code": 4711, "group": "other"}, 24, []),
    ("no code at all", {"code": None, "group": None, "at": None}, 24, []),
]


@pytest.mark.parametrize(("name", "row", "hours", "expected"), ALERTS, ids=[it[0] for it in ALERTS])
def test_alerts(
    judge: RuleEvaluator,
    printer: Any,
    tx: sqlite3.Connection,
    name: str,
    row: dict[str, Any],
    hours: float,
    expected: list[str],
) -> None:
    assert opened(watch(judge, tx, alert_facts(printer, printer.alert(**row), hours))) == expected


def test_permanent_rows_of_healthy_printers_open_nothing_in_a_month(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    """Kyocera powerUp and fuser under temperature, twice; Brother "Sleep" with code 0; Epson "Idle"."""
    cold = printer.alert(
        1001, severity="warningBinaryChangeEvent", training="untrained", kind=AlertKind.STATE
    )
    still_cold = printer.alert(1001, severity="warningBinaryChangeEvent", training="untrained")
    rows = (
        printer.state_row(503),
        printer.episode(cold),
        printer.episode(cold),
        printer.episode(still_cold),
        printer.state_row(0, "Sleep"),
        printer.state_row(1, "Idle"),
    )
    days = (printer.facts(n * 6 * HOUR, open_alerts=rows, recent_alerts=rows) for n in range(120))
    assert watch(judge, tx, days) == []


def test_two_codes_about_one_fuser_are_one_component(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    rows = tuple(printer.episode(printer.alert(code)) for code in (1002, 1003))
    changes = watch(judge, tx, (printer.facts(now, open_alerts=rows) for now in polls(1)))
    assert {(change.fault, change.component) for change in changes} == {("fuser.failure", "fuser:1")}


def test_a_fuser_that_vanishes_with_a_reboot_is_not_repaired(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    failed = (printer.episode(printer.alert(1003)),)
    again = (printer.episode(printer.alert(1003, index=1), began=HOUR + 10 * MINUTE),)

    def at(now: float) -> Facts:
        if now < HOUR:
            return printer.facts(now, open_alerts=failed)
        return printer.facts(now, open_alerts=() if now < HOUR + 10 * MINUTE else again)

    assert opened(watch(judge, tx, map(at, polls(3)))) == ["fuser-failure fuser:1"]


ASKS: list[tuple[str, tuple[Any, ...], dict[str, Any] | None, list[str]]] = [
    ("down and asking", (DOWN, "serviceRequested"), None, ["service-requested"]),
    ("asking, but at work", (WARNING, "serviceRequested"), None, []),
    ("down without asking", (DOWN,), None, []),
    ("at work, but a critical alert asks for the technician", (WARNING, "serviceRequested"), {"code": 1}, ["service-requested"]),
    ("down, asking, and out of paper", (DOWN, "serviceRequested", "noPaper"), None, []),
    ("down, asking, and the door is open", (DOWN, "serviceRequested", "doorOpen"), None, []),
    ("down, asking, and jammed", (DOWN, "serviceRequested", "jammed"), None, []),
    ("the fuser's rule says it better", (DOWN, "serviceRequested"), {"code": 1003}, ["fuser-failure fuser:1"]),
    ("a motor's rule says it better", (DOWN, "serviceRequested"), {"code": 33, "group": "input"}, ["hardware-failure input:1"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "row", "expected"), ASKS, ids=[it[0] for it in ASKS])
def test_asking_for_service(
    judge: RuleEvaluator,
    printer: Any,
    tx: sqlite3.Connection,
    name: str,
    status: tuple[Any, ...],
    row: dict[str, Any] | None,
    expected: list[str],
) -> None:
    rows = (printer.episode(printer.alert(**row)),) if row else ()
    state = printer.status(*status, printer="other")
    facts = [printer.facts(now, status=state, open_alerts=rows) for now in polls(2)]
    assert opened(watch(judge, tx, facts)) == expected


def test_the_technician_at_the_open_door_does_not_end_the_call(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    asking = printer.status(DOWN, "serviceRequested", printer="other")
    at_work = printer.status(DOWN, "serviceRequested", "doorOpen", printer="other")
    facts = [printer.facts(now, status=asking if now < 2 * HOUR else at_work) for now in polls(12)]
    calls = [it.kind for it in watch(judge, tx, facts) if it.rule == "service-requested"]
    assert calls == [ChangeKind.OPENED]


def jam(printer: Any, day: float, group: str = "input", at: int = 2) -> Episode:
    return printer.episode(printer.alert(8, group, at, training="untrained"), day * DAY, day * DAY + 600)


def jams(printer: Any, *days: float, **place: Any) -> list[Facts]:
    rows = tuple(jam(printer, day, **place) for day in days)
    return [
        printer.facts(now, recent_alerts=tuple(row for row in rows if row.began <= now))
        for now in (n * HOUR for n in range(20 * 24))
    ]


def test_four_jams_of_one_tray_in_a_week_are_its_rollers(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    changes = watch(judge, tx, jams(printer, 1, 2, 3, 5))
    assert opened(changes) == ["jams-recurring tray:2"]
    assert changes[0].title.endswith("keeps jamming at tray 2: 4 jams in 7 days")
    assert changes[0].at == 5 * DAY


def test_four_jams_in_a_month_are_not(judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection) -> None:
    assert watch(judge, tx, jams(printer, 0.5, 4, 8, 12, 16)) == []


def test_four_jams_in_four_places_are_four_accidents(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    places = (("input", 1), ("input", 2), ("output", 1), ("mediaPath", 1))
    rows = tuple(jam(printer, 1, group, at) for group, at in places)
    assert watch(judge, tx, (printer.facts(2 * DAY, recent_alerts=rows),)) == []


def test_the_jams_are_over_when_a_week_had_at_most_one(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    changes = watch(judge, tx, jams(printer, 1, 2, 3, 4))
    assert [change.kind for change in changes] == [ChangeKind.OPENED, ChangeKind.RESOLVED]
    assert changes[1].at == 11 * DAY  # the third last jam leaves the week on day 10, plus one day of patience


OPENING = 8 * HOUR  # of an office, on a Thursday


def silence(printer: Any, hours: float, **different: Any) -> list[Facts]:
    times = polls(hours, OPENING)[1:]
    return [printer.facts(OPENING), *(printer.silent(now, since=OPENING, **different) for now in times)]


OFFLINE: list[tuple[str, float, dict[str, Any], list[str]]] = [
    ("silent for three hours", 3, {}, ["device-offline"]),
    ("silent for two hours and ten minutes", 2 + 1 / 6, {}, []),
    ("silent for a night", 0.0, {"night": True}, []),
    ("silent with half of the site", 24, {"site": SiteFacts(devices=10, unreachable=5)}, []),
    ("silent with a few others", 3, {"site": SiteFacts(devices=10, unreachable=4)}, ["device-offline"]),
    ("silent on a site of one", 3, {"site": SiteFacts(devices=1, unreachable=1)}, ["device-offline"]),
    ("fell asleep over the weekend", 72, {"asleep": True}, []),
    ("fell asleep and never came back", 100, {"asleep": True}, ["device-offline-asleep"]),
]


@pytest.mark.parametrize(("name", "hours", "different", "expected"), OFFLINE, ids=[it[0] for it in OFFLINE])
def test_silence(
    judge: RuleEvaluator,
    printer: Any,
    tx: sqlite3.Connection,
    name: str,
    hours: float,
    different: dict[str, Any],
    expected: list[str],
) -> None:
    if different.pop("night", False):
        night = (printer.silent(now, since=17 * HOUR) for now in polls(16.9, 17 * HOUR)[1:])
        assert opened(watch(judge, tx, night)) == expected
        return
    if different.pop("asleep", False):
        different["status"] = printer.status(RUNNING, printer="other")
    assert opened(watch(judge, tx, silence(printer, hours, **different))) == expected


def test_two_answers_in_a_row_end_the_silence(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    watch(judge, tx, silence(printer, 3))
    back = [printer.facts(OPENING + 3 * HOUR + n * POLL, answers_in_a_row=n) for n in (1, 2)]
    assert [watch(judge, tx, [facts]) != [] for facts in back] == [False, True]


def test_an_agent_that_was_off_for_days_does_not_blame_the_printer_for_one_lost_answer(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    facts = [printer.facts(0.0), printer.silent(3 * DAY, since=0.0), printer.facts(3 * DAY + POLL)]
    assert watch(judge, tx, facts) == []


def test_silence_closes_nothing_and_opens_nothing_else(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    failing = {"open_alerts": (printer.episode(printer.alert(1003)),), "supplies": (printer.toner(5),)}
    watch(judge, tx, (printer.facts(now, **failing) for now in polls(2)))
    unplugged = (printer.silent(2 * HOUR + now, since=2 * HOUR, **failing) for now in polls(72)[1:])
    assert [f"{it.rule} {it.kind.value}" for it in watch(judge, tx, unplugged)] == ["device-offline opened"]


def test_a_pending_fault_does_not_ripen_in_silence(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection
) -> None:
    failing = {"open_alerts": (printer.episode(printer.alert(1003)),)}
    watch(judge, tx, [printer.facts(0.0, **failing)])
    silent = (printer.silent(now, since=0.0, **failing) for now in polls(2)[1:])
    assert watch(judge, tx, silent) == []


NOTICES = [("doorOpen", "cover-open-long"), ("noPaper", "paper-empty-long")]


@pytest.mark.parametrize(("bit", "rule"), NOTICES)
def test_what_the_site_can_fix_is_a_notice_after_hours(
    judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection, bit: str, rule: str
) -> None:
    waiting = printer.status(DOWN, bit, printer="other")
    short = [printer.facts(now, status=waiting) for now in polls(3.9)]
    assert watch(judge, tx, short) == []
    (change,) = watch(judge, tx, [printer.facts(now, status=waiting) for now in polls(1, begin=4 * HOUR)])
    assert (change.rule, change.impact) == (rule, "customer_fixable")


def test_a_sleeping_printer_is_not_down(judge: RuleEvaluator, printer: Any, tx: sqlite3.Connection) -> None:
    asleep = printer.status(RUNNING, "offline", printer="other")
    assert watch(judge, tx, (printer.facts(now, status=asleep) for now in polls(72))) == []
