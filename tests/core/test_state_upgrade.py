"""State files of an earlier commit (`states/README.md`) under this code: nothing is lost, all of it is served."""

import json
import lzma
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent import app, cli
from agent.core.errors import StoreError
from agent.core.model import Device, SiteFacts, Snapshot
from agent.core.store import Store, open_reader
from agent.discovery import inventory
from agent.history import facts
from agent.pipeline.pipeline import Pipeline, PollResult
from agent.reporting import maintenance
from agent.reporting.sender import Sender
from agent.rules import loader, state_store
from agent.rules.evaluator import RuleEvaluator
from agent.rules.lifecycle import Phase
from agent.tickets.feedback import feedback_store
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Lane
from uplink.provider import provider_state

STATES = Path(__file__).with_name("states")
DEMO, MONTH = "demo", "month"
RENAMED = {
    "track": "series", "reading": "series_value", "said": "alert_text", "occurrence": "alert_episode",
    "silence": "unreachable_period", "happening": "device_event", "supply_life": "supply_install",
    "kept_until": "retention_progress", "meter_told": "meter_read_sent",
    "portrait": "device_inventory_sent", "supply_told": "supply_stage_sent", "gauge": "supply_gauge",
    "foresight": "forecast_state", "rule_turn": "rule_schedule", "ticket_hold": "ticket_claim",
    "list": "ticket_batch", "listed": "ticket_batch_item", "party": "ticket_group",
    "guest": "ticket_group_member", "desk": "ticket_feedback", "desk_words": "feedback_progress",
}  # fmt: skip
DERIVED = {"meter_epoch", "meter_link", "meter_chain_closed", "meter_checkpoint", "meter_sum"}
"""Tables that are newer than these states, and filled from others."""
DROPPED = {"chained_at", "chained_raw", "checked_read", "border"}
"""Columns that these states have, and today's do not."""

EMPTY = {
    DEMO: {
        "sweep", "second_address", "kept_until", "certificate", "rule_turn", "list", "listed", "party",
        "guest", "desk", "desk_words", "outbox_batch", "outbox_event", "outbox_dead", "outbox_destination",
        "outbox_withheld",
    },
    MONTH: {"rule_turn"},
}  # fmt: skip

ADDED = {
    "latest": {"certificate_until"},
    "ticket": {"dedupe_key", "cancelled"}, "ticket_batch": {"dedupe_key"},
    "device": {"proof", "replaces", "moved_from", "last_address", "bare_serial"},
}  # fmt: skip
"""Columns that are newer than these states: derived from the others, or filled by later readings."""

Rows = Counter[tuple[Any, ...]]
Content = dict[str, Rows]


def unpack(name: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(lzma.decompress((STATES / f"{name}.sql.xz").read_bytes()).decode())
    return path


def content(path: Path) -> Content:
    """Every row of every table but the versions, by the table's name of today; without newer columns."""
    with closing(sqlite3.connect(path)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            RENAMED.get(table, table): Counter(db.execute(f"SELECT {_columns(db, table)} FROM {table}"))  # noqa: S608 - our own names
            for table in tables
            if table not in {"room_version", "component_version", *DERIVED}
        }


def _columns(db: sqlite3.Connection, table: str) -> str:
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    return ", ".join(f'"{name}"' for name in names if name not in {*ADDED.get(table, ()), *DROPPED})


def differences(before: Content, after: Content) -> set[str]:
    """The tables of which a row is missing, added or changed; columns and empty tables may have been added."""

    def as_before(table: str) -> Counter[tuple[Any, ...]]:
        width = next((len(row) for row in before.get(table, ())), None)
        return Counter(row[:width] for row in after.get(table, Counter()).elements())

    tables = before.keys() | after.keys()
    return {table for table in tables if before.get(table, Counter()) != as_before(table)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """A state file before and after this code has opened it."""

    name: str
    before: Path
    after: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the old file answers."""
        with closing(sqlite3.connect(self.before)) as db:
            return db.execute(query).fetchall()


@pytest.fixture(scope="module")
def upgrades(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Upgrade]:
    """Both files; tests that only read share them."""
    return {name: _upgrade(name, tmp_path_factory.mktemp(name)) for name in (DEMO, MONTH)}


def _upgrade(name: str, folder: Path) -> Upgrade:
    before = unpack(name, folder / "old" / "printwarden.db")
    after = placed(before, folder)
    Store(after, app.MIGRATIONS).close()
    return Upgrade(name=name, before=before, after=after)


@pytest.fixture(params=[DEMO, MONTH])
def upgrade(request: pytest.FixtureRequest, upgrades: dict[str, Upgrade]) -> Upgrade:
    return upgrades[request.param]


@pytest.fixture
def month(upgrades: dict[str, Upgrade], tmp_path: Path) -> Path:
    """The file of the month as it was, to do with what one likes."""
    return placed(upgrades[MONTH].before, tmp_path)


def placed(file: Path, folder: Path) -> Path:
    """A copy of a state file, with a configuration beside it."""
    (folder / "config.toml").write_text('[site]\nid = "S-1"\n[storage]\nfolder = "."\n', "utf-8")
    return Path(shutil.copy(file, folder / "printwarden.db"))


def run(path: Path, *words: str) -> Any:
    """What a verb says of the state file, as JSON."""
    done = CliRunner().invoke(
        cli.build_cli(), [*words, "--json", "--config", str(path.parent / "config.toml")]
    )
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def test_the_files_are_full_of_data(upgrade: Upgrade) -> None:
    assert RENAMED.keys() <= {row[0] for row in upgrade.rows("SELECT name FROM sqlite_master")}
    rows = content(upgrade.before)
    assert {table for table in rows if not rows[table]} == {RENAMED.get(it, it) for it in EMPTY[upgrade.name]}


def test_every_row_is_there_after_the_migration_and_the_file_before_it_is_kept(upgrade: Upgrade) -> None:
    before = content(upgrade.before)
    assert differences(before, content(upgrade.after)) == set()
    assert differences(before, content(upgrade.after.with_suffix(".before"))) == set()


def test_the_chain_of_reads_is_closed_and_its_borders_are_kept(upgrade: Upgrade) -> None:
    borders = "FROM meter_read WHERE why IS NOT NULL ORDER BY id"
    with closing(sqlite3.connect(upgrade.after)) as db:
        closed = db.execute("SELECT * FROM meter_chain_closed ORDER BY device").fetchall()
        epochs = db.execute(
            "SELECT device, source, number, opened, why, first FROM meter_epoch ORDER BY id"
        ).fetchall()
    assert closed == upgrade.rows("SELECT device, count, head FROM meter_chain ORDER BY device") != []
    assert epochs == upgrade.rows(f"SELECT device, source, epoch, at, why, raw {borders}") != []


def test_a_migrated_file_has_the_tables_and_indexes_of_a_new_one(upgrade: Upgrade, tmp_path: Path) -> None:
    Store(tmp_path / "new.db", app.MIGRATIONS).close()
    assert schema_of(upgrade.after) == schema_of(tmp_path / "new.db")


def schema_of(path: Path) -> set[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        names = db.execute("SELECT type, name FROM sqlite_master").fetchall()
        return {(*row, *map(tuple, db.execute(f"PRAGMA table_info({row[1]})"))) for row in names}


LOSSES = [
    # of which component, the statement, what stands there instead, the table that misses something
    (
        "grouping",
        "ALTER TABLE guest RENAME TO ticket_group_member",
        "DELETE FROM guest; ALTER TABLE guest RENAME TO ticket_group_member",
        "ticket_group_member",
    ),
    (
        "history",
        "ALTER TABLE said RENAME TO alert_text",
        "CREATE TABLE alert_text (id INTEGER PRIMARY KEY, alert TEXT NOT NULL UNIQUE)",
        "alert_text",
    ),
    (
        "feedback",
        "ALTER TABLE desk RENAME TO ticket_feedback",
        "UPDATE desk SET came_back = 1 - came_back; ALTER TABLE desk RENAME TO ticket_feedback",
        "ticket_feedback",
    ),
]


@pytest.mark.parametrize(("component", "right", "wrong", "table"), LOSSES, ids=[it[3] for it in LOSSES])
def test_a_migration_that_loses_something_is_noticed(
    month: Path, component: str, right: str, wrong: str, table: str
) -> None:
    """The comparison above can fail."""
    steps = app.MIGRATIONS[component]
    broken = tuple(step.replace(right, wrong) for step in steps)
    assert broken != tuple(steps)
    before = content(month)
    Store(month, {**app.MIGRATIONS, component: broken}).close()
    assert table in differences(before, content(month))


def test_tickets_of_that_time_keep_the_key_they_were_opened_with(upgrade: Upgrade) -> None:
    old = upgrade.rows("SELECT id, device || '|' || fault || '|' || component || '|e' || episode FROM ticket")
    with closing(sqlite3.connect(upgrade.after)) as db:
        assert old
        assert sorted(old) == sorted(db.execute("SELECT id, dedupe_key FROM ticket"))


def test_open_tickets_and_what_the_desk_said_of_them_are_served(upgrade: Upgrade) -> None:
    tickets = upgrade.rows(
        "SELECT id, title, opened_at FROM ticket WHERE kind = 'ticket' AND cleared_at IS NULL"
    )
    desk = {ticket: json.loads(words) for ticket, words in upgrade.rows("SELECT ticket, standing FROM desk")}
    served = run(upgrade.after, "tickets")
    assert tickets
    assert sorted((it["id"], it["title"], it["opened_at"]) for it in served) == sorted(tickets)
    later = dict.fromkeys(
        ("hold_reason", "at", "arrived_at", "approval")
    )  # words that a desk could not say then
    assert {it["id"]: it["desk"] for it in served} == {
        ticket: desk[ticket] | later if ticket in desk else None for ticket, *_ in tickets
    }


def test_feedback_still_counts_for_the_precision_of_rules(upgrades: dict[str, Upgrade]) -> None:
    counted = upgrades[MONTH].rows(
        "SELECT rule, outcome, count(*) FROM desk JOIN ticket ON id = ticket "
        "WHERE status = 'closed' AND outcome IS NOT NULL GROUP BY rule, outcome"
    )
    with closing(open_reader(upgrades[MONTH].after)) as db:
        found = feedback_store.load_precisions(db)
    assert counted
    assert sorted((it.rule, *pair) for it in found for pair in it.outcomes.items()) == counted


def test_chains_of_meter_reads_hold(upgrade: Upgrade) -> None:
    verdicts = run(upgrade.after, "meters", "verify")
    reads = {it["device"]: it["reads"] for it in verdicts if not it["broken"]}
    assert reads == dict(upgrade.rows("SELECT device, count FROM meter_chain"))


def test_the_outbox_keeps_its_order_its_bytes_and_its_dead_letters(month: Path) -> None:
    with closing(sqlite3.connect(month)) as db:
        key, body = db.execute("SELECT key, body FROM outbox_batch").fetchone()
        queued = db.execute("SELECT lane, seq, id, data FROM outbox_event ORDER BY lane, seq").fetchall()
        dead = db.execute("SELECT seq, reason FROM outbox_dead ORDER BY died, seq").fetchall()
    store = maintenance.open_store(month, app.MIGRATIONS)
    with closing(store), store.transaction() as tx:
        now = tx.execute("SELECT lane, seq, id, data FROM outbox_event ORDER BY lane, seq")
        assert list(map(tuple, now)) == queued
        assert sorted((it.seq, it.reason) for it in queries.list_dead(tx)) == dead
        again = outbox.next_batch(tx, source="urn:agent:1", now=0.0)
        assert again is not None
        assert (again.key, again.body, again.lane) == (key, body, Lane.TICKETS)
        assert (counts := queries.count_outbox(tx)).accepted == sum(counts.pending.values()) + sum(
            counts.dead.values()
        ) + sum(counts.dropped.values()) + number(tx, "delivered")
        (destination,) = queries.list_destinations(tx)
        assert (destination.failures, destination.held) == (3, True)
        known = provider_state.load_provider(tx, "https")
        assert (known.after, known.trouble) == (17, "it is away")


def number(tx: sqlite3.Connection, what: str) -> int:
    return int(tx.execute("SELECT sum(n) FROM outbox_count WHERE what = ?", (what,)).fetchone()[0])


def last_seen(tx: sqlite3.Connection, device: Device, site: SiteFacts) -> Snapshot:
    """The printer polled once more, a second later: it says what it said before."""
    known = facts.load_facts(tx, device, 0.0, site)
    at = max(filter(None, (known.last_answer, device.last_seen))) + 1
    if not known.answers_in_a_row:
        return Snapshot(address=device.address, at=at, reachable=False)
    open_alerts = tuple(episode.alert for episode in known.open_alerts or ())
    return Snapshot(
        address=device.address, at=at, status=known.status, alerts=open_alerts, supplies=known.supplies
    )


def poll_all(path: Path, own: list[Path]) -> tuple[int, set[tuple[str, ...]], set[tuple[str, ...]]]:
    """Poll every printer once more; ticket events sent, and the rules that fire before and after."""
    line = Pipeline(RuleEvaluator(loader.load_rules([*loader.shipped_files(), *own])), Sender(site_id="S-1"))
    store = Store(path, app.MIGRATIONS)
    with closing(store), store.transaction() as tx:
        before, site = firing(tx), SiteFacts(id="S-1")
        polls = {key: last_seen(tx, device, site) for key, device in inventory.load_devices(tx).items()}
        outcomes = [
            line.process_poll(tx, PollResult(snapshot=it, device=key), site) for key, it in polls.items()
        ]
        return sum(it.events for it in outcomes), before, firing(tx)


def firing(tx: sqlite3.Connection) -> set[tuple[str, ...]]:
    return {
        (device, *key)
        for device, key, standing in state_store.load_all_states(tx)
        if standing.state.phase is Phase.FIRING and not device.startswith("site:")
    }


def test_the_next_poll_opens_nothing_again(upgrade: Upgrade, tmp_path: Path) -> None:
    own = [STATES / "own.toml"] if upgrade.name == MONTH else []
    sent, before, after = poll_all(placed(upgrade.after, tmp_path), own)
    assert before
    assert (sent, after) == (0, before)


def test_without_its_rule_states_the_next_poll_would(upgrades: dict[str, Upgrade], tmp_path: Path) -> None:
    """The test above can fail."""
    path = placed(upgrades[MONTH].after, tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM rule_state")
        db.execute("DELETE FROM ticket_claim")
    sent, before, _ = poll_all(path, [STATES / "own.toml"])
    assert (sent > 0, before) == (True, set())


DAMAGE = [
    (MONTH, "SELECT 1"),
    (DEMO, "DROP TABLE room_version"),
    (DEMO, "UPDATE room_version SET version = 1"),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE, ids=["sound", "no versions", "wrong versions"])
def test_a_damaged_file_of_that_time_is_recovered_without_a_loss(
    upgrades: dict[str, Upgrade], tmp_path: Path, name: str, damage: str
) -> None:
    """Also where its own note of its versions is damaged."""
    path = placed(upgrades[name].before, tmp_path)
    before = content(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(damage)
    path.with_suffix(".damaged").write_text("rows contradict their keys")
    store = Store(path, app.MIGRATIONS)
    store.close()
    assert store.recovery is not None
    assert store.recovery.gaps == 0
    assert differences(before, content(path)) == set()


def test_a_smashed_page_of_such_a_file_costs_no_more_than_its_rows(month: Path) -> None:
    before = content(month)
    with closing(sqlite3.connect(month)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'health'").fetchone()
    with month.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    month.with_suffix(".damaged").write_text("a page is no page")
    maintenance.open_store(month, app.MIGRATIONS).close()
    assert differences(before, content(month)) == {"health"}


@pytest.mark.parametrize("verb", [["status"], ["tickets"], ["meters", "show"], ["outbox", "status"]])
def test_reading_beside_a_service_of_that_time_says_what_is_the_matter(month: Path, verb: list[str]) -> None:
    before = month.read_bytes()
    done = CliRunner().invoke(cli.build_cli(), [*verb, "--config", str(month.parent / "config.toml")])
    assert isinstance(done.exception, StoreError), done.output
    assert "written by an older version" in str(done.exception)
    assert month.read_bytes() == before


def test_a_program_of_that_time_sees_that_the_file_is_too_new(upgrade: Upgrade) -> None:
    """It looks for `room_version`, and compares with what it knows of each component."""
    known = dict(upgrade.rows("SELECT room, version FROM room_version"))
    with closing(sqlite3.connect(upgrade.after)) as db:
        now = dict(db.execute("SELECT room, version FROM room_version"))
    assert any(version > known.get(component, 0) for component, version in now.items())
    assert now == {component: len(scripts) for component, scripts in app.MIGRATIONS.items()}
