"""Counters and their epochs on disk."""

from contextlib import closing

import pytest

from agent.core.model import Address, Identity, Meter, Snapshot, Trust
from agent.core.store import Store
from agent.history.meters import ledger
from agent.history.meters.epoch_reasons import EpochReason

DAY = 86400.0
OID = "1.3.6.1.2.1.43.10.2.1.4.1.1"
PRINTER = "sn:VHB8912345"


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "printwarden.db", {"meters": ledger.SCHEMA})) as made:
        yield made


def snapshot(at, value=None, *, trust=Trust.MEASURED, meters=(), mac=None):
    total = () if value is None else (Meter(name="total", value=value, source=OID, trust=trust),)
    identity = Identity(mac=mac) if mac else None
    return Snapshot(address=Address("192.0.2.1"), at=at, meters=(*total, *meters), identity=identity)


def taken(store, *snapshots, device=PRINTER):
    with store.transaction() as tx:
        return [read for one in snapshots for read in ledger.record_counters(tx, device, one)]


def rows(store):
    with store.transaction() as tx:
        return [(one.opened, one.before, one.first) for one in ledger.load_epochs(tx, PRINTER)]


class TestWhatIsKept:
    def test_both_sides_of_a_border_and_no_row_for_a_counter_that_counts(self, store):
        taken(store, *(snapshot(hour * 3600.0, 1000 + hour) for hour in range(51)))
        taken(store, snapshot(51 * 3600.0, 3))
        assert rows(store) == [(0.0, None, 1000), (51 * 3600.0, 1050, 3)]

    def test_where_it_stands_is_known_to_the_last_reading(self, store):
        taken(store, snapshot(0.0, 1000), snapshot(3600.0, 1010))
        with store.transaction() as tx:
            (counter,) = ledger.load_counters(tx, PRINTER, now=3600.0)
        assert (counter.raw, counter.adjusted, counter.at, counter.trust) == (
            1010,
            1010,
            3600.0,
            Trust.MEASURED,
        )
        assert counter.billable

    def test_a_late_read_changes_nothing(self, store):
        taken(store, snapshot(0.0, 1000), snapshot(7200.0, 1040), snapshot(3600.0, 7), snapshot(7200.0, 1040))
        assert rows(store) == [(0.0, None, 1000)]
        with store.transaction() as tx:
            assert ledger.load_counters(tx, PRINTER, now=7200.0)[0].raw == 1040

    def test_levels_are_no_counters(self, store):
        level = Meter(name="remaining", part="black", value=77, unit="percent", source="x")
        taken(store, snapshot(0.0, meters=(level,)), snapshot(1.0, meters=(level,)))
        assert rows(store) == []

    def test_a_poll_without_meters_changes_nothing(self, store):
        taken(store, Snapshot(address=Address("192.0.2.1"), at=0.0, reachable=False), snapshot(1.0))
        assert rows(store) == []


class TestCounters:
    def test_a_total_from_another_source_is_another_counter_and_no_fall(self, store):
        other = Meter(name="total", value=981, source="1.3.6.1.4.1.1347.43.10.1.1.12.1.1")
        assert (
            taken(store, snapshot(0.0, 1000), snapshot(3600.0, meters=(other,)), snapshot(7200.0, 1005)) == []
        )

    def test_what_was_not_read_for_two_days_is_stale_and_not_billed_on(self, store):
        taken(store, snapshot(0.0, 1000))
        with store.transaction() as tx:
            (counter,) = ledger.load_counters(tx, PRINTER, now=3 * DAY)
        assert (counter.trust, counter.billable) == (Trust.STALE, False)

    def test_an_unverified_meter_is_not_better_for_having_been_read(self, store):
        taken(
            store, snapshot(0.0, 1000, trust=Trust.UNVERIFIED), snapshot(3600.0, 1010, trust=Trust.UNVERIFIED)
        )
        with store.transaction() as tx:
            (counter,) = ledger.load_counters(tx, PRINTER, now=3600.0)
        assert (counter.raw, counter.billable) == (1010, False)

    def test_a_border_is_told_once_with_both_values(self, store):
        (read,) = taken(
            store, *(snapshot(day * DAY, value) for day, value in enumerate((90_000, 31_000, 31_005, 31_010)))
        )
        assert (read.why, read.before, read.raw) == (EpochReason.FELL, 90_000, 31_000)
        with store.transaction() as tx:
            assert [(epoch.number, epoch.why) for epoch in ledger.load_epochs(tx, PRINTER)] == [
                (1, EpochReason.FIRST), (2, EpochReason.FELL),
            ]  # fmt: skip
            assert ledger.load_counters(tx, PRINTER, now=3 * DAY)[0].adjusted == 90_010

    def test_another_board_is_seen_when_the_identity_is_read(self, store):
        (read,) = taken(store, snapshot(0.0, 5, mac="aa"), snapshot(1.0, 6), snapshot(2.0, 7, mac="bb"))
        assert read.why is EpochReason.SWAP

    def test_a_restart_of_the_agent_forgets_nothing(self, tmp_path):
        for turn, value in enumerate((1000, 3, 1002)):
            with closing(Store(tmp_path / "again.db", {"meters": ledger.SCHEMA})) as store:
                found = taken(store, snapshot(turn * 3600.0, value))
        assert [read.why for read in found] == [EpochReason.GLITCH]
