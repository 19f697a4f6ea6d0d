"""Stories as tables: at this hour, the printer shows this. And what every story owes to its promise."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from loopback import own

import agent.simulator.scenarios
from agent.core import plugins
from agent.core.model import Address
from agent.simulator import models
from agent.simulator.ber import BerValue, Oid
from agent.simulator.device import SimulatedDevice, build_printer, load_scenario
from agent.simulator.fleets import build_demo_devices, scenario_members
from agent.simulator.mib import MibTree
from agent.simulator.model import PrinterModel
from agent.simulator.printer import PRT, UPTIME, SimulatedPrinter, encode_error_bits
from agent.simulator.scenario import HOUR, MINUTE, ExpectedTicket
from agent.simulator.timeline import Timeline

DEVICE: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 5, 1)
PRINTER: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 5, 1, 1, 1)
ERRORS: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 5, 1, 2, 1)
ALERT: Oid = (*PRT, 18, 1, 1)
ALL_STORIES = plugins.list_plugins(agent.simulator.scenarios)
RUNNING, WARNED, DOWN = 2, 3, 5
OTHER, IDLE, PRINTING = 1, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reader of the tree would note down."""

    status: tuple[object, object]
    errors: object
    codes: list[object]  # of the alerts that stand, by row


def tree(source: SimulatedPrinter, hours: float) -> MibTree:
    mib = source.mib_at(hours * HOUR)
    assert mib is not None
    return mib


def below(mib: MibTree, column: Oid) -> Iterator[tuple[Oid, BerValue]]:
    """The rows of one column."""
    found = mib.next_after(column)
    while found is not None and found[0][: len(column)] == column:
        yield found
        found = mib.next_after(found[0])


def seen(source: SimulatedPrinter, hours: float) -> Seen:
    mib = tree(source, hours)
    return Seen(
        status=(mib.get(DEVICE).content, mib.get(PRINTER).content),
        errors=mib.get(ERRORS).content,
        codes=[value.content for _, value in below(mib, (*ALERT, 7))],
    )


def told(make: PrinterModel, story: str, seed: int = 0) -> SimulatedPrinter:
    return SimulatedPrinter(make, load_scenario(make, story, seed=seed))


def levels(source: SimulatedPrinter, hours: float) -> list[int]:
    found = [value.content for _, value in below(tree(source, hours), (*PRT, 11, 1, 1, 9))]
    return [level for level in found if isinstance(level, int)]


# ---- one story after the other ---------------------------------------------------------------------


def test_toner_runs_down_steadily_to_its_last_percent_and_nobody_swaps_it() -> None:
    source = told(models.HP_M507, "toner_runs_down")
    black = [levels(source, hour)[0] for hour in range(25)]
    assert black[:11] == [30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 2]
    assert set(black[10:]) == {2}


def test_low_toner_shows_in_status_bit_and_alert_row() -> None:
    source = told(models.HP_M507, "toner_runs_down")
    before, after = seen(source, 6.0), seen(source, 10.0)
    assert (before.codes, before.errors) == ([], b"\x00")
    assert (after.codes, after.errors) == ([1104], b"\x20")  # markerTonerAlmostEmpty, lowToner
    assert after.status == (WARNED, PRINTING)


def jams(seed: int) -> list[tuple[float, float]]:
    """Begin and end of each jam of the first twenty hours, in hours."""
    story = load_scenario(models.LEXMARK_MS521, "tray_jams", seed=seed)
    return [
        (spell.begins / HOUR, spell.ends / HOUR) for spell in story.conditions if spell.begins < 20 * HOUR
    ]


@pytest.mark.parametrize("seed", range(20))
def test_tray_2_jams_at_least_six_times_in_twenty_hours_and_ever_sooner(seed: int) -> None:
    found = jams(seed)
    assert len(found) >= 6
    assert all(20 * MINUTE <= (ends - begins) * HOUR <= 40 * MINUTE for begins, ends in found)
    pauses = [later[0] - earlier[1] for earlier, later in itertools.pairwise(found)]
    assert all(later <= earlier * 1.25 for earlier, later in itertools.pairwise(pauses))
    assert pauses[0] > 2 * pauses[-1]


def test_a_jam_is_a_critical_alert_of_tray_2_with_its_bit() -> None:
    source = told(models.LEXMARK_MS521, "tray_jams")
    begins, ends = jams(0)[0]
    during, after = seen(source, (begins + ends) / 2), seen(source, ends + 0.01)
    assert (during.status, during.errors, during.codes) == ((DOWN, OTHER), b"\x04", [8])
    mib = tree(source, begins)
    row = [mib.get((*ALERT, column, 1, 1)).content for column in range(2, 8)]
    assert row == [3, 3, 8, 2, -2, 8]  # critical, untrained, input, tray 2, location unknown, jam
    assert mib.get((*PRT, 8, 2, 1, 11, 1, 2)).content == 16 + 3  # prtInputStatus: critical, broken
    assert (after.status[0], after.codes) == (RUNNING, [])


def test_jams_are_counted_although_their_rows_are_gone() -> None:
    source = told(models.LEXMARK_MS521, "tray_jams")
    counter: Oid = (*PRT, 5, 1, 1, 18, 1)
    by_hour = [tree(source, hour).get(counter).content for hour in range(21)]
    assert by_hour[0] == 0
    assert by_hour == sorted(by_hour, key=lambda count: count if isinstance(count, int) else -1)
    assert by_hour[-1] == len(jams(0))


def test_alert_rows_are_numbered_on_and_bear_the_uptime_of_their_begin() -> None:
    source = told(models.LEXMARK_MS521, "tray_jams")
    for number, (begins, ends) in enumerate(jams(0)[:4], start=1):
        at = tree(source, (begins + ends) / 2)
        raised = at.get((*ALERT, 9, 1, number)).content
        assert raised == int((models.LEXMARK_MS521.up_before + begins * HOUR) * 100)


FUSER = (
    (0.0, (RUNNING, PRINTING), b"\x00", []),
    (2.9, (RUNNING, IDLE), b"\x00", []),
    (4.1, (DOWN, OTHER), b"\x01", [1004]),
    (20.0, (DOWN, OTHER), b"\x01", [1004]),
    (400.0, (DOWN, OTHER), b"\x01", [1004]),
)


@pytest.mark.parametrize(("hour", "status", "errors", "codes"), FUSER)
def test_the_fuser_fails_in_the_fourth_hour_and_stays_so(
    hour: float, status: tuple[int, int], errors: bytes, codes: list[int]
) -> None:
    assert seen(told(models.RICOH_C3000, "fuser_fails"), hour) == Seen(
        status=status, errors=errors, codes=codes
    )


def test_the_failed_fuser_asks_for_field_service_and_nothing_is_printed_any_more() -> None:
    source = told(models.RICOH_C3000, "fuser_fails")
    mib = tree(source, 10.0)
    assert [mib.get((*ALERT, column, 1, 1)).content for column in (2, 3, 4, 5)] == [3, 5, 10, 1]
    life: Oid = (*PRT, 10, 2, 1, 4, 1, 1)
    assert tree(source, 4.1).get(life) == tree(source, 40.0).get(life)


def test_the_cover_is_open_for_forty_minutes() -> None:
    source = told(models.KONICA_C308, "cover_opened")
    cover: Oid = (*PRT, 6, 1, 1, 3, 1, 1)
    minutes = [minute for minute in range(20 * 60) if tree(source, minute / 60).get(cover).content == 3]
    assert len(minutes) == 40
    assert 5 * 60 <= minutes[0] <= 6 * 60
    during = seen(source, minutes[0] / 60 + 0.1)
    assert (during.status, during.errors, during.codes) == ((DOWN, OTHER), b"\x08", [3])
    assert seen(source, minutes[-1] / 60 + 0.1).codes == []


def test_asleep_is_running_and_other_and_its_rows_never_go() -> None:
    source = told(models.KYOCERA_P2040, "sleeps")
    assert seen(source, 0.6) == Seen(status=(RUNNING, IDLE), errors=b"\x00", codes=[503, 1001, 1001])
    assert seen(source, 5.0) == Seen(status=(RUNNING, OTHER), errors=b"\x00", codes=[503, 1001, 1001])
    assert load_scenario(models.KYOCERA_P2040, "sleeps").quirks == ("sleepy=18",)


def test_it_falls_silent_and_stays_so() -> None:
    source = told(models.XEROX_C405, "falls_silent")
    assert source.mib_at(5.9 * HOUR) is not None
    assert [source.mib_at(hour * HOUR) for hour in (7.1, 20.0, 2000.0)] == [None, None, None]


def test_a_healthy_printer_loses_little_toner_and_has_paper_filled_up() -> None:
    source = told(models.EPSON_C5790, "healthy")
    first_day = zip(levels(source, 0), levels(source, 24), strict=True)
    assert all(0 <= before - after <= 4 for before, after in first_day)
    hours = [hour / 4 for hour in range(60 * 4)]
    low = [hour for hour in hours if 807 in seen(source, hour).codes]
    assert low
    assert len(low) < len(hours) / 4
    assert all(seen(source, hour).status[0] == WARNED for hour in low)


# ---- what holds for every story --------------------------------------------------------------------


@pytest.mark.parametrize("story", ALL_STORIES)
def test_pages_and_counters_never_fall(story: str) -> None:
    life = Timeline(models.RICOH_C3000, load_scenario(models.RICOH_C3000, story))
    states = [life.state_at(minute * 10 * MINUTE) for minute in range(6 * 48)]
    for earlier, later in itertools.pairwise(states):
        assert earlier.pages <= later.pages
        assert earlier.all_events <= later.all_events
        assert earlier.critical_events <= later.critical_events


@pytest.mark.parametrize("story", ALL_STORIES)
def test_nothing_is_printed_while_it_is_down(story: str) -> None:
    life = Timeline(models.RICOH_C3000, load_scenario(models.RICOH_C3000, story))
    for minute in range(0, 24 * 60, 5):
        now, soon = life.state_at(minute * MINUTE), life.state_at((minute + 5) * MINUTE)
        if now.device == soon.device == DOWN and now.active_alerts == soon.active_alerts:
            assert now.pages == soon.pages


@pytest.mark.parametrize("story", ALL_STORIES)
def test_the_same_seed_tells_the_same_life_also_after_a_restart(story: str) -> None:
    first, second = told(models.RICOH_C3000, story), told(models.RICOH_C3000, story)
    for hour in (3.0, 19.0, 7.5):  # the second is asked at once for a late hour, then for earlier ones
        one, other = first.life.state_at(hour * HOUR), second.life.state_at(hour * HOUR)
        assert one == other


@pytest.mark.parametrize("story", ALL_STORIES)
def test_each_can_be_played_by_printers_of_the_fleet(story: str) -> None:
    members = scenario_members([story])
    assert {member.story for member in members} == {story}
    assert len({member.address for member in members}) == len(members)


def test_only_printers_that_have_what_a_story_is_about_play_it() -> None:
    played = {member.name for member in scenario_members(["toner_runs_down"])}
    assert models.EPSON_C5790.name not in played, "it has ink"
    assert models.HP_M507.name in played
    with pytest.raises(ValueError, match="no printer here can play toner_runs_down"):
        scenario_members(["toner_runs_down"], named="epson")


def test_another_seed_tells_another_life() -> None:
    assert jams(1) != jams(2)


@pytest.mark.parametrize("member", [m for m in build_demo_devices() if m.make], ids=lambda m: m.name)
def test_a_promise_is_backed_by_what_the_printer_shows(member: SimulatedDevice) -> None:
    """By the promised hour: an alert of the promised kind has been there, or silence; healthy ones never."""
    source = member.source
    assert isinstance(source, SimulatedPrinter)
    hours = [quarter / 4 for quarter in range(4 * 20)]
    states = [source.life.state_at(hour * HOUR) for hour in hours]
    rows = {
        (standing.row.group, standing.row.group_index, standing.row.code)
        for s in states
        for standing in s.active_alerts
    }
    match member.expected_ticket:
        case None:
            assert not any(state.silent for state in states)
            assert {code for *_, code in rows} <= {807, 503, 1001, 3}
            assert not {state.bits & {"jammed", "noToner", "serviceRequested"} for state in states} - {
                frozenset()
            }
        case ExpectedTicket(fault="supply.low"):
            assert (11, 1, 1104) in rows
        case ExpectedTicket(fault="feed.jams"):
            assert (8, 2, 8) in rows
        case ExpectedTicket(fault="fuser.failure"):
            assert (10, 1, 1004) in rows
        case ExpectedTicket(fault="device.offline"):
            assert states[-1].silent
        case other:
            pytest.fail(f"no evidence is known for {other}")


def test_the_demonstration_shows_what_goes_wrong_in_every_version_of_snmp() -> None:
    members = build_demo_devices()
    printers = [member for member in members if member.make]
    assert len({member.story for member in printers}) >= 7
    assert len({member.expected_ticket for member in printers if member.expected_ticket}) >= 4
    assert len(printers) == 12
    assert sum(1 for member in printers if member.versions == {"1"}) >= 1
    assert [member.user is not None for member in printers].count(True) == 1
    assert len({member.key for member in printers}) == len(printers)
    assert len({member.make.vendor for member in printers if member.make}) >= 8


def test_uptime_runs_on_from_before_the_start() -> None:
    source = told(models.HP_M480, "healthy")
    assert tree(source, 1.0).get(UPTIME).content == ((9 * 86400 + 3600) * 100)


BITS = (
    ((), "00"),
    (("lowPaper",), "80"),
    (("serviceRequested",), "01"),
    (("jammed", "doorOpen"), "0c"),
    (("overduePreventMaint",), "0002"),
    (("lowPaper", "inputTrayMissing"), "8080"),
)


@pytest.mark.parametrize(("names", "octets"), BITS)
def test_error_bits_count_from_the_most_significant(names: tuple[str, ...], octets: str) -> None:
    assert encode_error_bits(names).hex() == octets


def test_a_member_is_known_by_serial_or_else_by_mac() -> None:
    address = Address(own("0.1"))
    assert build_printer(models.HP_M480, "healthy", address).key == "sn:CNBRR67890"
    assert build_printer(models.EPSON_C5790, "healthy", address).key == "mac:44d244e1f203"
