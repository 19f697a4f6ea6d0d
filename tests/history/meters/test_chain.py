"""The chain of daily reads: nothing in it changes unseen, and old ones go on where they ended."""

import sqlite3
from contextlib import closing

import pytest

from agent.core.calendars import ALWAYS_OPEN
from agent.core.model import Address, Meter, Snapshot
from agent.core.store import Store, open_reader
from agent.history import retention
from agent.history.meters import chain, chain_store, daily_reads, ledger
from agent.history.retention import RetentionPeriods

DAY = 86400.0
OID = "1.3.6.1.2.1.43.10.2.1.4.1.1"
PRINTER, OTHER = "sn:VHB8912345", "sn:OTHER"
COMPONENTS = {"meters": ledger.SCHEMA, "reads": daily_reads.SCHEMA}


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "printwarden.db", COMPONENTS)) as made:
        yield made


def read_days(store, days, device=PRINTER):
    with store.transaction() as tx:
        for day in days:
            meter = Meter(name="total", value=1000 + 7 * day, source=OID)
            at = day * DAY
            ledger.record_counters(tx, device, Snapshot(address=Address("192.0.2.1"), at=at, meters=(meter,)))
            statement = daily_reads.build_statement(tx, device, at, ALWAYS_OPEN)
            daily_reads.keep_statement(tx, device, statement, sent=True)


def verdict(store, device=PRINTER):
    with store.transaction() as tx:
        return chain_store.verify_device(tx, device)


@pytest.fixture
def full(store):
    for device in (PRINTER, OTHER):
        read_days(store, range(9), device)
    assert (verdict(store).broken, verdict(store).reads) == (None, 9)
    return store


@pytest.mark.parametrize("place", [1, 5, 9])
def test_each_changed_field_is_found_where_it_is(place, full):
    def write(text):
        with full.transaction() as tx:
            tx.execute(
                "UPDATE meter_link SET text = ? WHERE device = ? AND number = ?", (text, PRINTER, place)
            )

    with full.transaction() as tx:
        text = list(chain_store.iterate_links(tx, PRINTER))[place - 1].text
    fields = text.split(chain.SEPARATOR)
    assert len(fields) == 24
    for part in range(len(fields)):
        write(chain.SEPARATOR.join([*fields[:part], fields[part] + "1", *fields[part + 1 :]]))
        assert verdict(full).broken.place == place
        assert verdict(full, OTHER).broken is None
    write(text)
    assert verdict(full).broken is None


@pytest.mark.parametrize("place", [1, 5, 9])
def test_a_read_that_was_taken_out_is_found(place, full):
    with full.transaction() as tx:
        tx.execute("DELETE FROM meter_link WHERE device = ? AND number = ?", (PRINTER, place))
    assert verdict(full).broken.place == place


def test_a_read_that_was_put_in_is_found(full):
    with full.transaction() as tx:
        tx.execute(
            "INSERT INTO meter_link SELECT device, 10, at, text, hash FROM meter_link "
            "WHERE device = ? AND number = 9",
            (PRINTER,),
        )
    assert verdict(full).broken.place == 10


def test_a_changed_read_with_its_hash_made_anew_breaks_the_next_one(full):
    with full.transaction() as tx:
        links = list(chain_store.iterate_links(tx, PRINTER))
        forged = links[4].text.replace("1028", "1029")
        tx.execute(
            "UPDATE meter_link SET text = ?, hash = ? WHERE device = ? AND number = 5",
            (forged, chain.hash_link(links[3].stored, forged), PRINTER),
        )
    assert verdict(full).broken.place == 6


def test_a_reader_beside_the_agent_can_verify(full):
    with closing(open_reader(full.path)) as db:
        assert all(
            chain_store.verify_device(db, device).broken is None for device in chain_store.list_devices(db)
        )


def test_there_is_one_row_a_printer_day(full):
    with full.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM meter_link").fetchone()[0] == 2 * 9


class TestPruning:
    def test_a_checkpoint_stays_and_the_rest_verifies(self, full):
        with full.transaction() as tx:
            heads = {link.number: link.stored.hex() for link in chain_store.iterate_links(tx, PRINTER)}
            assert chain_store.prune_links(tx, 5 * DAY) == 2 * 5
            assert chain_store.prune_links(tx, 5 * DAY) == 0
            assert chain_store.compare_with_provider(tx, PRINTER, heads) == {
                **dict.fromkeys(range(1, 5), "no longer kept"), **dict.fromkeys(range(5, 10), "agrees"),
            }  # fmt: skip
        assert (verdict(full).broken, verdict(full).reads) == (None, 9)
        read_days(full, range(9, 11))
        assert (verdict(full).broken, verdict(full).reads) == (None, 11)

    def test_a_change_after_the_checkpoint_is_found_where_it_is(self, full):
        with full.transaction() as tx:
            chain_store.prune_links(tx, 5 * DAY)
            tx.execute("UPDATE meter_link SET text = text || '1' WHERE number = 7")
        assert verdict(full).broken.place == 7

    def test_the_newest_read_stays_however_old(self, full):
        with full.transaction() as tx:
            chain_store.prune_links(tx, 5000 * DAY)
        assert (verdict(full).broken, verdict(full).reads) == (None, 9)

    def test_reads_and_borders_go_by_the_period_of_the_configuration(self, full):
        periods = RetentionPeriods(meter_reads=4 * DAY)
        with full.transaction() as tx:
            assert retention.prune_meter_reads(tx, 8 * DAY, periods) == 2 * 4
            assert [link.number for link in chain_store.iterate_links(tx, PRINTER)] == [5, 6, 7, 8, 9]
            assert [one.first for one in ledger.load_epochs(tx, PRINTER)] == [1000], "where it began stays"
        assert verdict(full).broken is None


class TestTheFirstVersion:
    """A state file of before: its chain is closed, and goes on."""

    @pytest.fixture
    def old(self, tmp_path):
        path = tmp_path / "printwarden.db"
        before = {"meters": ledger.SCHEMA[:2], "reads": daily_reads.SCHEMA[:2]}
        with closing(Store(path, before)) as store, store.transaction() as tx:
            head = chain.START_HASH
            for day in range(4):
                read = (
                    PRINTER,
                    OID,
                    "total",
                    None,
                    "impressions",
                    day * DAY,
                    1000 + 7 * day,
                    1000 + 7 * day,
                    1,
                )
                read = (*read, "measured", "first reading" if day == 0 else None, None, 0)
                head = chain.hash_link(head, chain.write_first_version(read))
                tx.execute(
                    "INSERT INTO meter_read (device, source, name, part, unit, at, raw, adjusted, epoch, trust, "
                    "why, before, gap, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*read, head),
                )
            tx.execute("INSERT INTO meter_chain VALUES (?, 4, ?)", (PRINTER, head))
            tx.execute("INSERT INTO meter_read_sent VALUES (?, ?, 4)", (PRINTER, 3 * DAY))
            state = (
                '{"epoch":1,"opened":0.0,"at":259200.0,"raw":1021,"adjusted":1021,"board":null,"left":null}'
            )
            row = (PRINTER, OID, "total", None, "impressions", "measured", state, 3 * DAY, 1021)
            tx.execute("INSERT INTO meter_counter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        with closing(Store(path, COMPONENTS)) as store:
            yield store, head

    def test_its_head_is_the_start_of_the_new_one_and_both_verify(self, old):
        store, head = old
        assert (verdict(store).broken, verdict(store).reads) == (None, 4)
        read_days(store, [4, 5])
        assert (verdict(store).broken, verdict(store).reads) == (None, 6)
        with store.transaction() as tx:
            row = tx.execute("SELECT * FROM meter_link WHERE number = 5").fetchone()
            assert row["hash"] == chain.hash_link(head, row["text"])
            assert chain_store.compare_with_provider(tx, PRINTER, {4: head.hex()}) == {4: "agrees"}

    def test_a_change_in_the_old_part_is_found(self, old):
        store, _ = old
        read_days(store, [4])
        with store.transaction() as tx:
            tx.execute("UPDATE meter_read SET raw = 7 WHERE id = 3")
        assert verdict(store).broken.place == 3

    def test_it_is_pruned_with_a_checkpoint_too(self, old):
        store, _ = old
        read_days(store, [4, 5])
        for bound, left in ((2 * DAY, 4), (4 * DAY, 2), (5 * DAY, 1)):
            with store.transaction() as tx:
                while chain_store.prune_links(tx, bound):
                    pass
                assert len(list(chain_store.iterate_links(tx, PRINTER))) == left
            assert verdict(store).broken is None

    def test_its_counter_goes_on_and_a_later_border_is_new(self, old):
        store, _ = old
        read_days(store, [4])
        with store.transaction() as tx:
            fallen = Meter(name="total", value=3, source=OID)
            at = 5 * DAY
            ledger.record_counters(
                tx, PRINTER, Snapshot(address=Address("192.0.2.1"), at=at, meters=(fallen,))
            )
            statement = daily_reads.build_statement(tx, PRINTER, at, ALWAYS_OPEN)
        assert [(one.before, one.first) for one in statement.borders] == [(1028, 3)]


def test_a_chain_with_one_bit_flipped_in_the_file_does_not_hold(full):
    path = full.path
    full.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meter_link SET hash = zeroblob(32) WHERE device = ? AND number = 3", (PRINTER,))
    with closing(Store(path, COMPONENTS)) as again:
        assert verdict(again).broken.place == 3
