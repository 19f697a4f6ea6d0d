"""What each signal says, and what all of them promise: unknown is None, whatever else is true."""

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from agent import plugins
from agent.calendars import Calendar, hours
from agent.model import (
    Address,
    Device,
    DeviceStatus,
    Episode,
    Facts,
    Happening,
    SiteFacts,
    Status,
    Supply,
    Vague,
)
from agent.rules import functions, subjects
from agent.rules.signals import Asked, signals
from agent.rules.verdict import reliable

NAMES = sorted(signals())
DAY = 86400.0


def ask(name: str, facts: Facts, subject: subjects.Subject, **options: object) -> object:
    return signals()[name].read(Asked(subject, facts, options))


def supply(facts: Facts) -> subjects.Subject:
    return next(subjects.subjects("supply", facts))


def device(facts: Facts) -> subjects.Subject:
    return next(subjects.subjects("device", facts))


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_knows_nothing_of_a_printer_that_was_never_read(name: str) -> None:
    signal = signals()[name]
    facts = Facts(device=Device(key="sn:A1", address=Address("127.0.0.1")), now=0.0)
    options = dict.fromkeys(signal.needs, DAY)
    said = [signal.read(Asked(subjects.recall(per, "", facts), facts, options)) for per in signal.per]
    of_the_agent_itself = {
        "agent.blind": False,
        "device.asleep": False,
        "device.polls_ok": 0.0,
        "site.devices_affected": 0.0,
        "site.unreachable": 0.0,
        "site.unreachable_share": 0.0,
    }
    assert said == [of_the_agent_itself.get(name)] * len(said) or name == "part.kind"


@pytest.mark.parametrize("name", plugins.names(functions))
def test_a_signal_is_documented_under_its_name_and_speaks_of_known_subjects(name: str) -> None:
    module = plugins.load(functions, name)
    signal = name.replace("_", ".", 1)
    assert (module.__doc__ or "").startswith(f"{signal}: ")
    assert set(module.PER) <= set(subjects.PER)
    assert list(inspect.signature(module.read).parameters) == ["asked"]


@pytest.mark.parametrize(
    ("different", "level", "kind"),
    [
        ({"level": 8}, 8, "toner"),
        ({"level": 25, "max": 50}, 50, "toner"),
        ({"level": Vague.SOME_LEFT}, None, "toner"),
        ({"level": Vague.UNKNOWN}, None, "toner"),
        ({"level": 40, "max": Vague.UNKNOWN}, None, "toner"),
        ({"level": 1, "type": "inkCartridge"}, 1, "ink"),
        ({"level": 1, "type": "ink", "kind": None}, 1, "ink"),
        ({"level": 1, "type": "wasteToner", "kind": None}, None, "waste"),
        ({"level": 1, "type": "toner", "kind": "receptacle"}, None, "waste"),
        ({"level": 5, "type": None, "kind": None}, 5, None),
        ({"level": 5, "type": "opc"}, 5, "drum"),
        ({"level": 5, "type": "other"}, 5, "other"),
    ],
)
def test_levels_are_numbers_of_consumed_supplies_or_unknown(
    printer: Any, different: dict[str, Any], level: int | None, kind: str | None
) -> None:
    facts = printer.facts(supplies=(printer.toner(**different),))
    assert ask("supply.level", facts, supply(facts)) == level
    assert ask("supply.kind", facts, supply(facts)) == kind


def test_a_vague_level_says_why_it_is_none(printer: Any) -> None:
    for level, why in ((8, "no"), (Vague.SOME_LEFT, "some_left"), (None, "unknown")):
        facts = printer.facts(supplies=(printer.toner(level),))
        assert ask("supply.vague", facts, supply(facts)) == why


def test_an_error_bit_counts_from_its_age_on(printer: Any) -> None:
    status = printer.status(DeviceStatus.DOWN, "jammed", "doorOpen")
    facts = printer.facts(3600.0, status=status, errors_since={"jammed": 0.0, "doorOpen": 3000.0})
    assert ask("device.error_bit", facts, device(facts)) == {"jammed", "doorOpen"}
    assert ask("device.error_bit", facts, device(facts), min_age=1800.0) == {"jammed"}


def test_no_bits_is_not_the_same_as_no_answer(printer: Any) -> None:
    unread = printer.facts(status=Status(device=DeviceStatus.RUNNING, errors=None))
    assert ask("device.error_bit", printer.facts(), device(printer.facts())) == frozenset()
    assert ask("device.error_bit", unread, device(unread)) is None


def test_alert_options_must_fit_the_same_alert(printer: Any) -> None:
    one = printer.episode(printer.alert(8, "input", severity="critical", training="untrained"))
    other = printer.episode(
        printer.alert(1112, "markerSupplies", severity="warning", training="fieldService")
    )
    facts = printer.facts(open_alerts=(one, other))
    critical = frozenset({"critical"})
    assert ask("alert.training", facts, device(facts)) == {"untrained", "fieldService"}
    assert ask("alert.training", facts, device(facts), severity=critical) == {"untrained"}
    assert ask("alert.code", facts, device(facts), group=frozenset({"input", "output"})) == {"8"}


def test_an_alert_counts_from_its_age_on(printer: Any) -> None:
    facts = printer.facts(600.0, open_alerts=(printer.episode(printer.alert(1003), began=100.0),))
    assert ask("alert.code", facts, device(facts), min_age=500.0) == {"1003"}
    assert ask("alert.code", facts, device(facts), min_age=501.0) == frozenset()


def test_permanent_rows_are_nobodys_alerts(printer: Any) -> None:
    facts = printer.facts(open_alerts=(printer.state_row(503), printer.state_row(0, "Sleep")))
    assert ask("alert.code", facts, device(facts)) == frozenset()
    assert list(subjects.subjects("alert", facts)) == []


def jams(
    printer: Any, *spans: tuple[float, float | None], index: int = 2, code: int = 8
) -> tuple[Episode, ...]:
    alert = printer.alert(code, "input", index)
    return tuple(printer.episode(alert, began, ended) for began, ended in spans)


def test_events_of_a_part_are_counted_by_place_code_and_window(printer: Any) -> None:
    now = 10 * DAY
    tray_two = jams(printer, (1.0, 2.0), (4 * DAY, 4 * DAY + 60), (9 * DAY, 9 * DAY + 60))
    recent = (*tray_two, *jams(printer, (9 * DAY, None), index=1), *jams(printer, (8 * DAY, None), code=808))
    facts = printer.facts(now, recent_alerts=recent)
    tray = subjects.recall("part", "input 2", facts)
    assert ask("part.events", facts, tray, per=7 * DAY, code=frozenset({"8"})) == 2
    assert ask("part.events", facts, tray, per=30 * DAY, code=frozenset({"8"})) == 3
    assert ask("part.events", facts, tray, per=7 * DAY) == 3


def test_rows_that_stand_at_the_same_time_are_one_event(printer: Any) -> None:
    twice = jams(printer, (100.0, 200.0), (100.0, 200.0), (150.0, 250.0), (300.0, None))
    facts = printer.facts(1000.0, recent_alerts=twice)
    assert ask("part.events", facts, subjects.recall("part", "input 2", facts), per=DAY) == 2


def test_the_count_does_not_fall_by_silence(printer: Any) -> None:
    facts = printer.silent(10 * DAY, since=DAY, recent_alerts=jams(printer, (1.0, 2.0)))
    known = reliable(facts, DAY)
    assert ask("part.events", known, subjects.recall("part", "input 2", known), per=7 * DAY) is None


@pytest.mark.parametrize(
    ("devices", "unreachable", "share"),
    [(10, 5, 50.0), (10, 0, 0.0), (3, 1, 100 / 3), (2, 1, 0.0), (0, 0, 0.0)],
)
def test_two_printers_are_too_few_to_blame_the_site(
    printer: Any, devices: int, unreachable: int, share: float
) -> None:
    facts = printer.facts(site=SiteFacts(devices=devices, unreachable=unreachable))
    assert ask("site.unreachable_share", facts, device(facts)) == pytest.approx(share)


def test_silence_is_measured_from_the_last_answer(printer: Any) -> None:
    assert ask("device.unreachable_for", printer.silent(7200.0, since=0.0), device(printer.facts())) == 7200.0
    assert (
        ask("device.unreachable_for", printer.facts(7200.0, last_answer=0.0), device(printer.facts())) == 0.0
    )


def test_sleep_is_running_and_other(printer: Any) -> None:
    for device_status, printing, asleep in (
        (DeviceStatus.RUNNING, "other", True),
        (DeviceStatus.DOWN, "other", False),
        (DeviceStatus.RUNNING, "idle", False),
    ):
        facts = printer.facts(status=printer.status(device_status, printer=printing))
        assert ask("device.asleep", facts, device(facts)) is asleep


def test_a_supply_of_another_colour_in_the_same_slot_is_another_supply(printer: Any) -> None:
    keys = [
        supply(printer.facts(supplies=(Supply(index="1.1", type="toner", colour=colour),))).key
        for colour in ("black", "cyan")
    ]
    assert keys == ["1.1 toner black", "1.1 toner cyan"]


def test_an_alert_keeps_its_key_when_the_table_is_renumbered(printer: Any) -> None:
    before, after = (
        next(subjects.subjects("alert", printer.facts(open_alerts=(printer.episode(alert),))))
        for alert in (printer.alert(1003, index=17), printer.alert(1003, index=1))
    )
    assert before.key == after.key == "1003 marker 1"


def test_jams_in_three_places_are_three_subjects(printer: Any) -> None:
    places = (("input", 1), ("input", 2), ("mediaPath", 1), ("output", None))
    rows = tuple(printer.episode(printer.alert(8, group, at)) for group, at in places)
    keys = [subject.key for subject in subjects.subjects("part", printer.facts(open_alerts=rows))]
    assert keys == ["input 1", "input 2", "mediaPath 1", "output unknown"]


def test_a_finisher_code_says_the_generic_one_that_it_carries(printer: Any) -> None:
    rows = tuple(printer.episode(printer.alert(code, "finDevice")) for code in (30233, 8, None))
    facts = printer.facts(open_alerts=rows)
    assert ask("alert.generic", facts, device(facts)) == frozenset({"33", "8"})


def test_events_are_weighed_by_pages(printer: Any) -> None:
    readings = tuple((day * DAY, 10_000 + 100 * day) for day in range(31))
    facts = printer.facts(
        30 * DAY,
        pages=13_000,
        pages_before=readings,
        recent_alerts=jams(printer, (29 * DAY, None), (25 * DAY, 26 * DAY)),
    )
    tray = subjects.recall("part", "input 2", facts)
    assert ask("part.event_rate", facts, tray, per=10 * DAY) == pytest.approx(2.0)
    assert ask("part.event_rate", printer.facts(), tray, per=10 * DAY) is None


@pytest.mark.parametrize(("lately", "ratio"), [(100, 1.0), (300, 3.0), (0, 0.0)])
def test_pages_beside_the_weeks_before(printer: Any, lately: int, ratio: float) -> None:
    readings = tuple((day * DAY, 100 * min(day, 23) + lately * max(0, day - 23)) for day in range(31))
    facts = printer.facts(30 * DAY, pages=readings[-1][1], pages_before=readings)
    assert ask("pages.rate_ratio", facts, device(facts)) == pytest.approx(ratio, abs=0.05)


def test_what_happened_is_counted_in_its_window(printer: Any) -> None:
    happened = (
        Happening(at=DAY, what="reboot"),
        Happening(at=9 * DAY, what="reboot"),
        Happening(at=9 * DAY, what="missed", count=7),
        Happening(at=9 * DAY, what="counter", detail="rolled"),
    )
    facts = printer.facts(10 * DAY, happened=happened, pages=5)
    assert ask("device.reboots", facts, device(facts), per=7 * DAY) == 1
    assert ask("device.missed_events", facts, device(facts), per=7 * DAY) == 7
    assert ask("counter.backwards", facts, device(facts)) is False


def test_silence_in_business_time_counts_only_while_somebody_is_there(printer: Any) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    office = Calendar(zone=UTC, week=dict.fromkeys(("mon", "tue"), hours("08:00-17:00")))
    silent = printer.silent(monday + DAY + 9 * 3600.0, since=monday + 16 * 3600.0)
    assert ask("device.unreachable_for", silent, device(silent), calendar=office) == 2 * 3600.0
