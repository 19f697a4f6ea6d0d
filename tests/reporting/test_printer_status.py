"""What a technician is told of the printer: short, in its own words, and nothing made up."""

import json

import pytest

from agent.core.model import (
    Address,
    Alert,
    AlertKind,
    Device,
    DeviceEvent,
    DeviceStatus,
    Episode,
    Facts,
    Forecasts,
    PrinterStatus,
    Status,
    Supply,
    SupplyForecast,
    Vague,
)
from agent.reporting import printer_status
from uplink.events.printer import Printer

NOW = 1_790_000_000.0
DAY = 86400.0
PRINTER = Device(key="sn:3100RC12345", address=Address("192.168.10.31"), vendor="Ricoh")


def facts(**known):
    return Facts(device=PRINTER, now=NOW, **known)


def episode(days_ago, *, text="Paper jam in tray 2", ended=None, kind=AlertKind.CONDITION, index=1):
    alert = Alert(index=index, code=8, name="jam", group="input", group_index=2, text=text, kind=kind)
    return Episode(alert=alert, began=NOW - days_ago * DAY, ended=ended)


def drawn(**known):
    """The picture, which must also be one that the published contract accepts to the letter."""
    made = printer_status.build_printer_status(facts(**known)).to_json()
    Printer.model_validate(json.loads(json.dumps(made)), extra="forbid")
    return made


def test_a_printer_of_which_nothing_is_known_makes_an_empty_picture():
    made = drawn()
    assert (made["read_at"], made["pages"], made["pages_a_day"], made["device_status"]) == (None,) * 4
    assert made["alerts"] == made["troubles"] == made["supplies"] == made["errors"] == []


def test_status_and_display_are_the_printers_own_words():
    status = Status(
        device=DeviceStatus.DOWN,
        printer=PrinterStatus.OTHER,
        errors=("jammed",),
        console=("Call service", "SC542"),
    )
    made = drawn(status=status, last_answer=NOW)
    assert (made["device_status"], made["printer_status"], made["errors"]) == ("down", "other", ["jammed"])
    assert made["console"] == ["Call service", "SC542"]


def test_what_only_says_that_all_is_well_is_no_alert():
    asleep = episode(0.1, text="Sleep", kind=AlertKind.STATE)
    made = drawn(open_alerts=(episode(0.2), asleep), recent_alerts=(episode(0.2), asleep))
    assert [one["text"] for one in made["alerts"]] == ["Paper jam in tray 2"]
    assert [one["text"] for one in made["troubles"]] == ["Paper jam in tray 2"]


def test_what_happened_again_and_again_is_counted_for_a_week_and_the_worst_comes_first():
    jams = tuple(episode(days, index=n) for n, days in enumerate((9, 6, 3, 1)))
    cover = episode(0.5, text="Cover open")
    made = drawn(recent_alerts=(*jams, cover))
    assert [(one["text"], one["times"]) for one in made["troubles"]] == [
        ("Paper jam in tray 2", 3),
        ("Cover open", 1),
    ]
    assert made["troubles"][0]["last"] == "2026-09-20T14:13:20Z"


def test_a_level_without_a_number_stays_one():
    vague = Supply(index="1.1", type="toner", colour="black", level=Vague.SOME_LEFT, max=Vague.UNKNOWN)
    (told,) = drawn(supplies=(vague,))["supplies"]
    assert (told["percent"], told["vague"], told["days_left"]) == (None, "some_left", None)


def test_a_supply_comes_with_its_part_number_and_its_days():
    toner = Supply(index="1.1", type="toner", colour="black", level=6, max=100, part_number="CF289X")
    left = SupplyForecast(
        at=NOW, p10=2.04, p50=3.06, p90=5.0, basis="measured", raw=3.0, sigma=0.3, left=0.06, pages_left=300,
        pages_a_day=100, use=0.0002,
    )  # fmt: skip
    (told,) = drawn(supplies=(toner,), foresight=Forecasts(supplies={"1.1": left}))["supplies"]
    assert (told["percent"], told["part_number"]) == (6, "CF289X")
    assert told["days_left"] == {"p10": 2.0, "p50": 3.1, "p90": 5.0}


@pytest.mark.parametrize(
    ("why", "readings", "a_day"),
    [
        ("ten days of a hundred", ((NOW - 10 * DAY, 1000), (NOW, 2000)), 100.0),
        ("one reading says nothing of a day", ((NOW, 2000),), None),
        ("nor do two of one morning", ((NOW - 3600, 1000), (NOW, 2000)), None),
        ("nor does a counter that fell", ((NOW - 10 * DAY, 2000), (NOW, 7)), None),
    ],
)
def test_pages_a_day_are_a_mean_over_days(why, readings, a_day):
    assert drawn(pages_before=readings, pages=readings[-1][1])["pages_a_day"] == a_day, why


def test_restarts_and_replacements_are_the_recent_ones():
    toner = Supply(index="1.1", type="toner", colour="black", description="Black Toner")
    made = drawn(
        supplies=(toner, Supply(index="1.2", type="toner", colour="cyan")),
        renewed={"1.1": NOW - 3 * DAY, "1.2": NOW - 40 * DAY, "1.9": NOW - DAY},
        happened=(
            DeviceEvent(at=NOW - 2 * DAY, what="reboot"),
            DeviceEvent(at=NOW - 3600, what="reboot"),
            DeviceEvent(at=NOW - 60, what="replaced", detail="1.1"),
        ),
    )
    assert made["restarts_24h"] == 1
    assert [one["supply"] for one in made["replaced"]] == ["Black Toner"]


def test_the_message_stays_small_however_much_there_is():
    many = tuple(episode(n / 1000, text=f"alert {n}" + "x" * 200, index=n) for n in range(3000))
    supplies = tuple(Supply(index=f"1.{n}", description="y" * 200) for n in range(500))
    made = drawn(open_alerts=many, recent_alerts=many, supplies=supplies)
    assert len(json.dumps(made)) < 32 * 1024
    assert made["alerts"][0]["text"].startswith("alert 0x"), "the newest stay"


@pytest.mark.parametrize(
    ("vendor", "text", "code"),
    [
        ("Ricoh", "Call service: SC542 fuser", "SC542"),
        ("Ricoh", "SC552-00", "SC552-00"),
        ("HP", "50.1 FUSER ERROR", "50.1"),
        ("HP", "Jam in tray 2 (13.B2.D1)", "13.B2.D1"),
        ("HP", "at 10.20.30.40", None),
        ("HP", "Toner at 12.5 %", None),
        ("Kyocera", "Call service person. C6000", "C6000"),
        ("Konica Minolta", "Trouble code C-3721", "C-3721"),
        ("Canon", "Error E000-0001", "E000-0001"),
        ("Lexmark", "202.03 paper jam", "202.03"),
        ("Sharp", "Call for service. Code: H4-00", "H4-00"),
        ("Xerox", "Fuser fault 010-397", "010-397"),
        ("Nobody", "SC542", None),
        (None, "SC542", None),
    ],
)
def test_the_makers_own_code_is_found_where_its_way_is_known(vendor, text, code):
    assert printer_status.find_vendor_code(vendor, text) == code


def test_the_alert_row_is_told_under_the_names_of_the_contract():
    alert = {"index": 17, "code": 1003, "name": "markerFuserUnderTemperature", "group": "marker",
             "group_index": 1, "location": 0, "severity": "critical", "training": "fieldService",
             "text": "50.1 FUSER ERROR", "ticks": 884213300}  # fmt: skip
    row = printer_status.build_alert_row({"alert": alert})
    assert row is not None
    assert (row["alert_index"], row["code"], row["description"]) == (17, 1003, "50.1 FUSER ERROR")
    assert printer_status.build_alert_row({"supply.level": 6}) is None
