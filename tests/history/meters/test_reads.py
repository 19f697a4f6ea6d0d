"""One read of each printer a day reaches the outbox: chained, with its borders, and never twice."""

from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from agent.core.calendars import Calendar
from agent.core.model import Address, Device, Meter, Snapshot, Trust
from agent.core.store import Store
from agent.history.meters import chain_store, daily_reads, ledger
from agent.pipeline import device_events
from agent.reporting import journal
from agent.reporting.privacy import PrivacyRules
from agent.reporting.sender import Sender
from uplink import events
from uplink.outbox import outbox, queries
from uplink.provider.capabilities import Capabilities

HOUR, DAY = 3600.0, 86400.0
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
OID = "1.3.6.1.2.1.43.10.2.1.4.1.1"
OWN = "1.3.6.1.4.1.1347.43.10.1.1.12.1.1"
PRINTER = Device(key="sn:VHB8912345", address=Address("192.168.10.31"), serial="VHB8912345")
COMPONENTS = {
    "meters": ledger.SCHEMA,
    "reads": daily_reads.SCHEMA,
    "outbox": outbox.SCHEMA,
    "egress": journal.SCHEMA,
}


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "printwarden.db", COMPONENTS)) as made:
        yield made


SENDER = Sender(site_id="S-04", agent_id="a-1")
UTC_DAYS = Calendar(zone=UTC)


def take(store, at, *meters, sender=SENDER, calendar=UTC_DAYS):
    """What the line does with the meters of one reading."""
    read = tuple(
        Meter(name=name, value=value, source=source, trust=trust) for name, value, source, trust in meters
    )
    with store.transaction() as tx:
        ledger.record_counters(tx, PRINTER.key, Snapshot(address=PRINTER.address, at=at, meters=read))
        device_events.queue_meter_read(tx, sender, calendar, PRINTER, at)


def total(value):
    return ("total", value, OID, Trust.MEASURED)


def sent(store):
    with store.transaction() as tx:
        return [entry.data for entry in queries.list_pending(tx)]


def day_and_total(data):
    return data["meters"]["read_at"][8:13], data["meters"]["counters"].get("total")


def test_the_first_read_after_midnight_is_told_and_no_other_of_that_day(store):
    for hour in range(36):  # Friday noon to Saturday midnight
        take(store, NOON + hour * HOUR, total(1000 + hour))
    assert [day_and_total(one) for one in sent(store)] == [("20T12", 1000), ("21T00", 1012)]


def test_a_day_without_a_read_is_not_made_up(store):
    take(store, NOON, total(1000))
    take(store, NOON + 3 * DAY, total(1300))
    assert [day_and_total(one) for one in sent(store)] == [("20T12", 1000), ("23T12", 1300)]


def test_midnight_is_that_of_the_site(store):
    chicago = Calendar(zone=timezone(timedelta(hours=-6)))
    for hour in range(24):
        take(store, NOON + hour * HOUR, total(1000 + hour), calendar=chicago)
    assert [day_and_total(one) for one in sent(store)] == [("20T12", 1000), ("21T06", 1018)]
    assert [(one["meters"]["day"], one["meters"]["time_zone"]) for one in sent(store)] == [
        ("2026-11-20", "-06:00"), ("2026-11-21", "-06:00"),
    ]  # fmt: skip


def test_a_zone_with_a_name_is_told_by_its_name(store):
    take(store, NOON, total(1000), calendar=Calendar(zone=ZoneInfo("Pacific/Auckland")))
    (data,) = sent(store)
    assert (data["meters"]["day"], data["meters"]["time_zone"]) == ("2026-11-21", "Pacific/Auckland")


def test_a_restart_tells_nothing_twice(store, tmp_path):
    take(store, NOON, total(1000))
    store.close()
    with closing(Store(tmp_path / "printwarden.db", COMPONENTS)) as again:
        take(again, NOON + HOUR, total(1001))
        assert len(sent(again)) == 1


def test_a_read_follows_the_published_contract_to_the_letter(store):
    take(store, NOON, total(1000), ("copy", 7, OWN, Trust.UNVERIFIED))
    take(store, NOON + DAY, total(3), ("copy", 8, OWN, Trust.UNVERIFIED))
    for data in sent(store):
        events.check_event("mps.meter_read/1", data)


def test_what_is_not_billable_is_shown_but_no_invoice_rests_on_it(store):
    take(store, NOON, total(1000), ("copy", 7, OWN, Trust.UNVERIFIED))
    (data,) = sent(store)
    assert data["meters"]["counters"] == {"total": 1000}
    assert {one["name"]: (one["value"], one["reason"]) for one in data["meters"]["sums"]} == {
        "total": (1000, None), "mono": (None, "absent"), "colour": (None, "absent"), "large": (None, "absent"),
    }  # fmt: skip
    assert [(one["name"], one["trust"], one["billable"]) for one in data["meters"]["details"]] == [
        ("copy", "unverified", False), ("total", "measured", True),
    ]  # fmt: skip


def test_of_two_totals_the_standard_one_speaks(store):
    take(store, NOON, ("total", 7432, OWN, Trust.MEASURED), total(7342))
    (data,) = sent(store)
    assert (data["meters"]["counters"], data["meters"]["source"]) == ({"total": 7342}, OID)


def test_the_engines_life_is_not_billed_beside_the_total(store):
    take(store, NOON, ("life", 1100, OID, Trust.MEASURED), ("total", 1000, OWN, Trust.MEASURED))
    (data,) = sent(store)
    assert data["meters"]["counters"] == {"total": 1000}


def test_a_border_is_told_once_and_the_invoice_never_falls(store):
    take(store, NOON, total(1000))
    take(store, NOON + HOUR, total(1040))
    take(store, NOON + 2 * HOUR, total(7))
    take(store, NOON + DAY, total(60))
    take(store, NOON + 2 * DAY, total(90))
    first, second, third = sent(store)
    totals = [one["meters"]["counters"].get("total") for one in (first, second, third)]
    assert totals == [1000, None, 1123], "in doubt for a day: no invoice rests on it"
    assert first["meters"]["borders"] == third["meters"]["borders"] == []
    (border,) = second["meters"]["borders"]
    assert (border["why"], border["before"], border["first"], border["gap"]) == ("fell", 1040, 7, 0)


def test_what_was_told_stands_in_the_chain(store):
    take(store, NOON, total(1000))
    take(store, NOON + DAY, total(1100))
    with store.transaction() as tx:
        verdict = chain_store.verify_device(tx, PRINTER.key)
    assert verdict.broken is None
    first, second = (one["meters"]["chain"] for one in sent(store))
    assert (second["reads"], second["head"]) == (verdict.reads, verdict.head) == (2, verdict.head)
    assert second["previous"] == first["head"]


def test_a_read_that_found_no_room_is_told_with_the_next_and_its_border_with_it(store, monkeypatch):
    take(store, NOON, total(1000))
    with monkeypatch.context() as full:
        full.setattr("uplink.outbox.retention.make_room_for", lambda *_: False)
        take(store, NOON + DAY, total(7))
    assert len(sent(store)) == 1
    take(store, NOON + DAY + HOUR, total(9))
    assert (sent(store)[-1]["meters"]["read_at"][8:13], sent(store)[-1]["meters"]["details"][0]["raw"]) == (
        "21T13",
        9,
    )
    assert [one["why"] for one in sent(store)[-1]["meters"]["borders"]] == ["fell"]


def test_what_customer_it_removed_is_not_in_it(store):
    discreet = Sender(site_id="S-04", privacy=PrivacyRules(remove=frozenset({"ip"})))
    take(store, NOON, total(1000), sender=discreet)
    (data,) = sent(store)
    assert data["device"]["ip"] is None
    assert data["privacy"]["removed"] == ["device.ip"]
    assert "192.168.10.31" not in str(data)


def test_a_provider_that_does_not_know_reads_is_told_none_and_later_of_every_border(store):
    tickets_only = Capabilities(types=frozenset({"mps.ticket/1"}))
    deaf = Sender(site_id="S-04", load_capabilities=lambda _: tickets_only)
    take(store, NOON, total(1000), sender=deaf)
    take(store, NOON + DAY, total(7), sender=deaf)
    assert sent(store) == []
    take(store, NOON + 2 * DAY, total(9))
    (data,) = sent(store)
    assert [one["why"] for one in data["meters"]["borders"]] == ["fell"]
