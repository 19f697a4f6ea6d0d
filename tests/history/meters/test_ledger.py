"""Reads on disk: chained as they come, and nothing in them changes unseen."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.model import Address, Identity, Meter, Snapshot, Trust
from agent.core.store import Store, open_reader
from agent.history.meters import chain, ledger
from agent.history.meters.epochs import EpochReason

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
        return [tuple(row) for row in tx.execute("SELECT at, raw FROM meter_read ORDER BY id")]


def verdict(store, device=PRINTER):
    with store.transaction() as tx:
        return ledger.verify_device(tx, device)


class TestWhatIsKept:
    def test_the_first_read_one_a_day_and_both_sides_of_a_border(self, store):
        taken(store, *(snapshot(hour * 3600.0, 1000 + hour) for hour in range(51)))
        taken(store, snapshot(51 * 3600.0, 3))
        assert rows(store) == [
            (0.0, 1000), (DAY, 1024), (2 * DAY, 1048), (50 * 3600.0, 1050), (51 * 3600.0, 3),
        ]  # fmt: skip

    def test_a_counter_that_stands_still_adds_nothing(self, store):
        taken(store, *(snapshot(day * DAY, 1000) for day in range(10)))
        assert rows(store) == [(0.0, 1000)]

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

    def test_an_invoice_gets_what_stands_now_and_the_head_of_the_chain(self, store):
        taken(store, snapshot(0.0, 1000), snapshot(3600.0, 1010))
        with store.transaction() as tx:
            head = ledger.chain_counters(tx, PRINTER)
            assert ledger.chain_counters(tx, PRINTER) == head, "nothing new, nothing added"
        assert rows(store) == [(0.0, 1000), (3600.0, 1010)]
        assert verdict(store).head == head

    def test_a_late_read_is_kept_and_the_counter_stands_as_it_did(self, store):
        taken(
            store, snapshot(0.0, 1000), snapshot(7200.0, 1040), snapshot(3600.0, 1020), snapshot(7200.0, 1040)
        )
        assert rows(store) == [(0.0, 1000), (3600.0, 1020)]
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
            assert ledger.count_billed_pages(tx, PRINTER, OID) == 10

    def test_another_board_is_seen_when_the_identity_is_read(self, store):
        (read,) = taken(store, snapshot(0.0, 5, mac="aa"), snapshot(1.0, 6), snapshot(2.0, 7, mac="bb"))
        assert read.why is EpochReason.SWAP

    def test_a_restart_of_the_agent_forgets_nothing(self, tmp_path):
        for turn, value in enumerate((1000, 3, 1002)):
            with closing(Store(tmp_path / "again.db", {"meters": ledger.SCHEMA})) as store:
                found = taken(store, snapshot(turn * 3600.0, value))
        assert [read.why for read in found] == [EpochReason.GLITCH]


class TestChain:
    @pytest.fixture
    def full(self, store):
        for device in (PRINTER, "sn:OTHER"):
            taken(store, *(snapshot(day * DAY, 1000 + 7 * day) for day in range(9)), device=device)
        assert verdict(store).broken is None
        assert verdict(store).reads == 9
        return store

    @pytest.mark.parametrize(
        ("column", "value"),
        [("raw", 1), ("adjusted", 1), ("at", 1.0), ("source", "x"), ("name", "mono"), ("part", "copy"),
         ("unit", "sheets"), ("epoch", 2), ("trust", "offset"), ("why", "wrapped"), ("before", 1), ("gap", 1)],
    )  # fmt: skip
    @pytest.mark.parametrize("place", [1, 5, 9])
    def test_one_changed_value_is_found_where_it_is(self, column, value, place, full):
        with full.transaction() as tx:
            names = [row["name"] for row in tx.execute("PRAGMA table_info(meter_read)")]
            row = tx.execute(
                "SELECT * FROM meter_read WHERE device = ? AND id = ?", (PRINTER, place)
            ).fetchone()
            changed = [value if name == column else row[name] for name in names]
            tx.execute(
                "REPLACE INTO meter_read VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", changed
            )
        assert verdict(full).broken.place == place
        assert verdict(full, "sn:OTHER").broken is None

    @pytest.mark.parametrize("place", [1, 5, 9])
    def test_a_read_that_was_taken_out_is_found(self, place, full):
        with full.transaction() as tx:
            tx.execute("DELETE FROM meter_read WHERE id = ?", (place,))
        assert verdict(full).broken.place == place

    def test_a_read_that_was_put_in_is_found(self, full):
        with full.transaction() as tx:
            _, *row = tx.execute("SELECT * FROM meter_read WHERE id = 9").fetchone()
            tx.execute("INSERT INTO meter_read VALUES (99, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        assert verdict(full).broken.place == 10

    def test_a_changed_read_with_its_hash_made_anew_breaks_the_next_one(self, full):
        with full.transaction() as tx:
            links = list(ledger._load_links(tx, PRINTER))
            forged = [*links[4][0][:6], 5, *links[4][0][7:]]
            made = chain.hash_read(links[3][1], forged)
            tx.execute("UPDATE meter_read SET raw = 5, hash = ? WHERE id = 5", (made,))
        assert verdict(full).broken.place == 6

    def test_a_reader_beside_the_agent_can_verify(self, full):
        with closing(open_reader(full.path)) as db:
            assert all(ledger.verify_device(db, device).broken is None for device in ledger.list_devices(db))


events = st.lists(
    st.tuples(st.floats(-2 * DAY, 3 * DAY), st.integers(0, 2**32 - 1), st.sampled_from([None, "aa", "bb"])),
    min_size=1,
    max_size=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(events=events)
def test_whatever_is_read_the_chain_holds_and_no_bill_is_negative(events, tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "meters.db"
    with closing(Store(path, {"meters": ledger.SCHEMA})) as store:
        at = 0.0
        for after, value, mac in events:
            at += after
            taken(store, snapshot(at, value, mac=mac))
        with store.transaction() as tx:
            ledger.chain_counters(tx, PRINTER)
            assert ledger.count_billed_pages(tx, PRINTER, OID) >= 0
        assert verdict(store).broken is None
