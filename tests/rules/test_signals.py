"""What each signal says, and what all of them promise: unknown is None, whatever else is true."""

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.core import plugins
from agent.core.calendars import Calendar, parse_hours
from agent.core.model import (
    Address,
    Device,
    DeviceEvent,
    DeviceStatus,
    Episode,
    Facts,
    Forecasts,
    RecentHistory,
    SiteFacts,
    Status,
    Supply,
    SupplyForecast,
    Vague,
)
from agent.rules import functions, subjects
from agent.rules.conditions import reliable_facts
from agent.rules.signals import SignalQuery, load_signals

NAMES = sorted(load_signals())
DAY = 86400.0


def ask(name: str, facts: Facts, subject: subjects.Subject, **options: object) -> object:
    return load_signals()[name].read(SignalQuery(subject, facts, options))


def supply(facts: Facts) -> subjects.Subject:
    return next(subjects.list_subjects("supply", facts))


def device(facts: Facts) -> subjects.Subject:
    return next(subjects.list_subjects("device", facts))


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_knows_nothing_of_a_printer_that_was_never_read(name: str) -> None:
    signal = load_signals()[name]
    facts = Facts(device=Device(key="sn:A1", address=Address("192.0.2.1")), now=0.0)
    options = dict.fromkeys(signal.needs, DAY)
    said = [
        signal.read(SignalQuery(subjects.recall_subject(per, "", facts), facts, options))
        for per in signal.per
    ]
    of_the_agent_itself = {
        "agent.blind": False,
        "device.asleep": False,
        "device.contract": "",
        "device.known_for": facts.now,
        "fault.closed_ago": 3650 * DAY,
        "device.polls_ok": 0.0,
        "site.devices_affected": 0.0,
        "site.unreachable": 0.0,
        "site.unreachable_share": 0.0,
    }
    assert said == [of_the_agent_itself.get(name)] * len(said) or name == "part.kind"


@pytest.mark.parametrize("name", plugins.list_plugins(functions))
def test_a_signal_is_documented_under_its_name_and_speaks_of_known_subjects(name: str) -> None:
    module = plugins.load_plugin(functions, name)
    signal = name.replace("_", ".", 1)
    assert (module.__doc__ or "").startswith(f"{signal}: ")
    assert set(load_signals()[signal].per) <= set(subjects.SUBJECT_KINDS)
    assert list(inspect.signature(module.read).parameters) == ["asked"]


def test_a_file_declares_what_it_is_like_another_in_and_its_own_comes_first() -> None:
    shared, plain, own = (
        load_signals()["alert.group"],
        load_signals()["alert.repeats"],
        load_signals()["alert.text"],
    )
    assert shared.per == own.per == ("alert", "device")
    assert shared.timed == ("min_age",)
    assert (shared.evidence_text, own.evidence_text) == ("", "alert.text {value}")
    assert plain.per == ("alert",)


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


def test_a_cartridge_is_known_by_its_serial_where_it_is_told(printer: Any) -> None:
    for serial in ("CAJ1234567", None):
        facts = printer.facts(supplies=(printer.toner(50, serial=serial),))
        assert ask("supply.serial", facts, supply(facts)) == serial


def test_a_makers_word_for_low_is_a_report_and_no_level(printer: Any) -> None:
    facts = printer.facts(supplies=(printer.toner(Vague.LOW),), status=printer.status(DeviceStatus.RUNNING))
    assert ask("supply.reported", facts, supply(facts)) == "low"
    assert ask("supply.level", facts, supply(facts)) is None
    assert ask("device.supply_shortage", facts, device(facts)) == "no"


def test_a_row_is_about_a_supply_of_its_own_printer(printer: Any) -> None:
    """Two printers behind one address have a row 1 each."""
    low = printer.alert(1104, "markerSupplies", 1, unit=3)
    vague = [printer.toner(Vague.SOME_LEFT, index=index) for index in ("1.1", "3.1")]
    facts = printer.facts(
        supplies=tuple(vague),
        status=printer.status(DeviceStatus.RUNNING),
        open_alerts=(printer.episode(low),),
    )
    found = {one.key.split()[0]: one for one in subjects.list_subjects("supply", facts)}
    assert {index: ask("supply.reported", facts, one) for index, one in found.items()} == {
        "1.1": "no",
        "3.1": "low",
    }


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
    assert list(subjects.list_subjects("alert", facts)) == []


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
    tray = subjects.recall_subject("part", "input 2", facts)
    assert ask("part.events", facts, tray, per=7 * DAY, code=frozenset({"8"})) == 2
    assert ask("part.events", facts, tray, per=30 * DAY, code=frozenset({"8"})) == 3
    assert ask("part.events", facts, tray, per=7 * DAY) == 3


def test_rows_that_stand_at_the_same_time_are_one_event(printer: Any) -> None:
    twice = jams(printer, (100.0, 200.0), (100.0, 200.0), (150.0, 250.0), (300.0, None))
    facts = printer.facts(1000.0, recent_alerts=twice)
    assert ask("part.events", facts, subjects.recall_subject("part", "input 2", facts), per=DAY) == 2


def test_the_count_does_not_fall_by_silence(printer: Any) -> None:
    facts = printer.silent(10 * DAY, since=DAY, recent_alerts=jams(printer, (1.0, 2.0)))
    known = reliable_facts(facts, DAY)
    assert ask("part.events", known, subjects.recall_subject("part", "input 2", known), per=7 * DAY) is None


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
        next(subjects.list_subjects("alert", printer.facts(open_alerts=(printer.episode(alert),))))
        for alert in (printer.alert(1003, index=17), printer.alert(1003, index=1))
    )
    assert before.key == after.key == "1003 marker 1"


def test_jams_in_three_places_are_three_subjects(printer: Any) -> None:
    places = (("input", 1), ("input", 2), ("mediaPath", 1), ("output", None))
    rows = tuple(printer.episode(printer.alert(8, group, at)) for group, at in places)
    keys = [subject.key for subject in subjects.list_subjects("part", printer.facts(open_alerts=rows))]
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
    tray = subjects.recall_subject("part", "input 2", facts)
    assert ask("part.event_rate", facts, tray, per=10 * DAY) == pytest.approx(2.0)
    assert ask("part.event_rate", printer.facts(), tray, per=10 * DAY) is None


@pytest.mark.parametrize(("lately", "ratio"), [(100, 1.0), (300, 3.0), (0, 0.0)])
def test_pages_beside_the_weeks_before(printer: Any, lately: int, ratio: float) -> None:
    readings = tuple((day * DAY, 100 * min(day, 23) + lately * max(0, day - 23)) for day in range(31))
    facts = printer.facts(30 * DAY, pages=readings[-1][1], pages_before=readings)
    assert ask("pages.rate_ratio", facts, device(facts)) == pytest.approx(ratio, abs=0.05)


def test_what_happened_is_counted_in_its_window(printer: Any) -> None:
    happened = (
        DeviceEvent(at=DAY, what="reboot"),
        DeviceEvent(at=9 * DAY, what="reboot"),
        DeviceEvent(at=9 * DAY, what="missed", count=7),
        DeviceEvent(at=9 * DAY, what="counter", detail="rolled"),
    )
    facts = printer.facts(10 * DAY, happened=happened, pages=5)
    assert ask("device.reboots", facts, device(facts), per=7 * DAY) == 1
    assert ask("device.missed_events", facts, device(facts), per=7 * DAY) == 7
    assert ask("counter.backwards", facts, device(facts)) is False


def test_silence_in_business_time_counts_only_while_somebody_is_there(printer: Any) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    office = Calendar(zone=UTC, week=dict.fromkeys(("mon", "tue"), parse_hours("08:00-17:00")))
    silent = printer.silent(monday + DAY + 9 * 3600.0, since=monday + 16 * 3600.0)
    assert ask("device.unreachable_for", silent, device(silent), calendar=office) == 2 * 3600.0


HOUR = 3600.0


def counter(printer: Any, *happened: tuple[float, str, float], now: float = 10 * DAY, **more: Any) -> Facts:
    told = tuple(
        DeviceEvent(at=at, what="counter", detail=detail, count=count) for at, detail, count in happened
    )
    return printer.facts(now, **{"pages": 500, "happened": told, **more})


def test_a_counter_jumps_by_what_it_rose_beyond_its_speed_in_the_time_that_is_asked_for(printer: Any) -> None:
    facts = counter(printer, (1 * DAY, "jumped", 9.0), (8 * DAY, "jumped", 4.5), (9 * DAY, "leapt", 50.0))
    assert ask("counter.jump", facts, device(facts), unit="max_speed") == 4.5
    assert ask("counter.jump", facts, device(facts), per=30 * DAY) == 9.0
    assert ask("counter.jump", counter(printer), device(facts)) == 0.0


def test_a_counter_that_fell_is_told_for_as_long_as_is_asked(printer: Any) -> None:
    facts = counter(printer, (1 * DAY, "backwards", 900.0), (8 * DAY, "rolled", 900.0))
    assert ask("counter.backwards", facts, device(facts), confirm_polls=2.0) is True
    assert ask("counter.backwards", facts, device(facts), per=7 * DAY) is False


def test_a_counter_is_stalled_only_while_supplies_go_down(printer: Any) -> None:
    stood = {"pages_before": ((2 * DAY, 500),)}
    for drawn, expected in ((5, 8 * DAY), (4, 0.0), (None, None)):
        facts = counter(printer, **stood, trail=RecentHistory(largest_drop=drawn))
        assert (
            ask("counter.stalled", facts, device(facts), **{"while": frozenset({"supplies_move"})})
            == expected
        )
        assert ask("counter.stalled", facts, device(facts)) == 8 * DAY
    silent = counter(printer, **stood, trail=RecentHistory(largest_drop=9), answers_in_a_row=0)
    assert ask("counter.stalled", silent, device(silent)) is None


def test_the_epoch_is_that_of_the_meters(printer: Any) -> None:
    facts = counter(printer, epoch=3, epoch_since=9 * DAY)
    assert ask("counter.epoch", facts, device(facts)) == 3.0
    assert ask("counter.epoch_age", facts, device(facts)) == DAY
    first = counter(printer)
    assert ask("counter.epoch", first, device(first)) == 1.0
    assert ask("counter.epoch_age", first, device(first)) == 10 * DAY
    assert load_signals()["counter.jump"].placeholder_values(SignalQuery(device(facts), facts, {})) == {
        "counter.epoch": "3"
    }


def test_what_the_engine_counted_beyond_the_panel_shows_misfeeds(printer: Any) -> None:
    trail = RecentHistory(engine=((1 * DAY, 1100), (9 * DAY, 1400)))
    facts = counter(printer, pages_before=((1 * DAY, 1000), (9 * DAY, 1250)), trail=trail)
    assert ask("counter.engine_minus_printed", facts, device(facts)) == 150.0
    assert ask("counter.engine_minus_printed", facts, device(facts), per=9 * DAY) == 50.0
    assert ask("counter.engine_minus_printed", facts, device(facts), per=20 * DAY) is None
    alone = counter(printer, pages_before=((1 * DAY, 1000),))
    assert ask("counter.engine_minus_printed", alone, device(alone)) is None


def test_another_serial_number_is_told(printer: Any) -> None:
    facts = printer.facts(10 * DAY, happened=(DeviceEvent(at=DAY, what="serial", detail="A1 → B7"),))
    assert ask("device.serial_changed", facts, device(facts)) is True
    assert ask("device.serial_changed", facts, device(facts), per=7 * DAY) is False


SHARES = [
    # name, what was read (hours, bits; None: silent), share of the last 10 hours
    ("two hours of ten", ((0, ()), (4, ("jammed",)), (6, ())), 20.0),
    ("since before the window", ((-50, ("noPaper",)), (5, ())), 50.0),
    ("lasting now", ((0, ()), (9, ("doorOpen",))), 10.0),
    ("low is no stop", ((0, ("lowToner", "lowPaper")),), 0.0),
    ("silence is left out", ((0, ()), (2, None), (6, ("jammed",)), (9, ())), 50.0),
    ("mostly silence is unknown", ((0, ()), (2, None), (8, ("jammed",))), None),
    ("nothing read is unknown", (), None),
]


@pytest.mark.parametrize(("name", "read", "share"), SHARES, ids=[it[0] for it in SHARES])
def test_the_share_of_time_with_an_error(printer: Any, name: str, read: Any, share: float | None) -> None:
    trail = RecentHistory(errors=tuple((100 * HOUR + at * HOUR, bits) for at, bits in read))
    facts = printer.facts(110 * HOUR, trail=trail)
    assert ask("device.error_share", facts, device(facts), per=10 * HOUR) == share


def test_the_share_of_time_counts_the_bits_that_were_named(printer: Any) -> None:
    facts = printer.facts(
        10 * HOUR, trail=RecentHistory(errors=((0.0, ("lowToner",)), (5 * HOUR, ("jammed",))))
    )
    assert (
        ask("device.error_share", facts, device(facts), per=10 * HOUR, bits=frozenset({"lowToner"})) == 50.0
    )


def test_printers_that_are_affected_are_counted_once_each(printer: Any) -> None:
    affected = frozenset({("jams", "feed.jams", "a"), ("jams", "feed.jams", "b"), ("low", "supply.low", "b")})
    facts = printer.facts(site=SiteFacts(affected=affected))
    site = subjects.Subject(per="site")
    assert ask("site.devices_affected", facts, site) == 2.0
    assert ask("site.devices_affected", facts, site, rule=frozenset({"low"})) == 1.0
    assert ask("site.devices_affected", facts, site, fault=frozenset({"feed.jams", "x"})) == 2.0


def test_an_order_is_under_way_for_the_supply_that_it_names(printer: Any) -> None:
    facts = printer.facts(ordered=frozenset({"1.1 toner cyan"}), supplies=(printer.toner(5),))
    assert ask("supply.replacement_ordered", facts, supply(facts)) is False
    facts = printer.facts(ordered=frozenset({"1.1 toner black"}), supplies=(printer.toner(5),))
    assert ask("supply.replacement_ordered", facts, supply(facts)) is True


@pytest.mark.parametrize(
    ("text", "part", "foreign"),
    [
        ("Non-HP black cartridge", None, True),
        ("Used or Counterfeit Cartridge", "CF289X", True),
        ("Toner (nicht original)", None, True),
        ("Refilled toner", None, True),
        ("Black Cartridge HP CF289X", "CF289X", False),
        ("Black toner", None, None),
        ("", None, None),
        ("Genuine Xerox Toner", None, None),
        ("Non-stop toner", None, None),
    ],
)
def test_a_foreign_cartridge_is_what_the_printer_calls_so(
    printer: Any, text: str, part: str | None, foreign: bool | None
) -> None:
    facts = printer.facts(supplies=(printer.toner(50, description=text, part_number=part),))
    assert ask("supply.foreign", facts, supply(facts)) is foreign


def test_an_alert_about_the_slot_tells_of_a_foreign_cartridge(printer: Any) -> None:
    said = printer.episode(printer.alert(1, "markerSupplies", 1, text="Non-genuine cartridge installed"))
    other = printer.episode(printer.alert(1, "markerSupplies", 2, text="Non-genuine cartridge installed"))
    for alerts, foreign in (((said,), True), ((other,), None)):
        facts = printer.facts(supplies=(printer.toner(50),), open_alerts=alerts)
        assert ask("supply.foreign", facts, supply(facts)) is foreign


def trend(printer: Any, *days: float, pages: tuple[tuple[float, int], ...]) -> object:
    alerts = jams(printer, *((day * DAY, day * DAY + 60) for day in days))
    now, total = 20 * DAY, pages[-1][1]
    facts = printer.facts(now, recent_alerts=alerts, open_alerts=(), pages=total, pages_before=pages)
    tray = next(it for it in subjects.list_subjects("part", facts) if it.key == "input 2")
    return ask("part.event_trend", facts, tray, per=7 * DAY)


def test_the_trend_of_a_part_is_reckoned_by_the_page(printer: Any) -> None:
    even = ((5 * DAY, 0), (6 * DAY, 0), (13 * DAY, 2000), (20 * DAY, 4000))
    busy = ((5 * DAY, 0), (6 * DAY, 0), (13 * DAY, 1000), (20 * DAY, 5000))
    assert trend(printer, 8, 15, 17, 19, pages=even) == 3.0
    assert trend(printer, 8, 15, 16, 17, 19, pages=busy) == 1.0
    assert trend(printer, 15, pages=even) == 1.0
    fell = ((5 * DAY, 9000), (13 * DAY, 10_000), (14 * DAY, 3), (20 * DAY, 500))
    assert trend(printer, 8, 15, 17, pages=fell) is None


def test_a_trays_rollers_have_the_trays_alerts(printer: Any) -> None:
    facts = printer.facts(9 * DAY, recent_alerts=jams(printer, (8 * DAY, 8 * DAY + 60)))
    rollers = subjects.Subject(per="part", key="roller 2", group="roller", index="2")
    assert ask("part.events", facts, rollers, per=7 * DAY) == 1.0
    fuser = subjects.Subject(per="part", key="fuser 2", group="fuser", index="2")
    assert ask("part.events", facts, fuser, per=7 * DAY) == 0.0


def test_nothing_is_concluded_from_pages_across_a_counter_that_began_anew(printer: Any) -> None:
    fell = tuple((day * DAY, 1000 * day if day < 18 else 10 * day) for day in range(1, 21))
    facts = printer.facts(20 * DAY, pages=200, pages_before=fell)
    assert ask("pages.rate_ratio", facts, device(facts)) is None
    rollers = subjects.Subject(per="part", key="roller 2", group="roller", index="2")
    assert ask("part.event_rate", facts, rollers, per=7 * DAY) is None


@pytest.mark.parametrize(
    ("days", "said"),
    [(9.0, "10 Jan"), (400.0, "05 Feb 1971"), (1e7, "beyond ten years"), (float("inf"), "beyond ten years")],
)
def test_the_day_of_a_forecast_has_a_year_where_it_is_far_and_none_beyond_ten(days: float, said: str) -> None:
    left = SupplyForecast(
        at=0.0, p10=days, p50=days, p90=days, basis="measured", raw=days, sigma=0.3, left=0.5, pages_left=1.0,
        pages_a_day=0.0, use=0.0,
    )  # fmt: skip
    toner = Supply(index="1.1", type="toner", level=50, max=100)
    printer = Device(key="sn:A1", address=Address("192.0.2.1"))
    facts = Facts(device=printer, now=0.0, supplies=(toner,), foresight=Forecasts(supplies={"1.1": left}))
    assert (
        load_signals()["supply.days_left"].placeholder_values(SignalQuery(supply(facts), facts, {}))[
            "p30_date"
        ]
        == said
    )
