"""What the fleet learned is learned once for the same past, by the same program: found again, it is the same."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.core.store import open_reader
from agent.discovery import inventory
from agent.forecast.known_priors import PriorsLog
from agent.pipeline.replay import backtest_runner, forecast_replay, priors_cache, result_cache
from agent.pipeline.replay.backtest_runner import BacktestOptions
from agent.pipeline.replay.device_runner import TimeRange
from agent.pipeline.replay.priors_cache import PriorsCache
from agent.rules import loader
from agent.rules.backtest import threshold_sweep

DAY = 86400.0
PRINTERS, DAYS = 3, 150


@pytest.fixture(scope="module")
def file(imagined: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("learned") / "state.db"
    imagined.imagine(path, PRINTERS, DAYS)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> PriorsCache:
    return PriorsCache(tmp_path / "cache" / "backtests.db")


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The span's end of each time that something was learned."""
    found: list[float] = []

    def learn_and_count(db: sqlite3.Connection, devices: Any, until: float) -> PriorsLog:
        found.append(until)
        return forecast_replay.learn_priors(db, devices, until)

    monkeypatch.setattr(priors_cache, "learn_priors", learn_and_count)
    return found


def recall(cache: PriorsCache, file: Path, until: float, *, backwards: bool = False) -> PriorsLog:
    with closing(open_reader(file)) as db:
        devices = list(inventory.load_devices(db).values())
        return cache.recall_priors(db, devices[::-1] if backwards else devices, until)


def test_what_is_found_again_is_what_was_learned(file, cache, learned, imagined):
    first, again = (recall(cache, file, imagined.END) for _ in range(2))
    afresh = recall(PriorsCache(), file, imagined.END)
    assert learned == [imagined.END] * 2, "once for the cache, once without it"
    assert first == again == afresh
    assert first.digest == again.digest == afresh.digest
    assert first.means["life"].times
    assert first.means["factor"].times
    assert first.healthy
    assert first.misses


def test_another_threshold_learns_nothing_and_finds_the_same(file, cache, learned, imagined):
    rules = loader.load_rules(loader.shipped_files())
    some = threshold_sweep.select_rules(rules, ["supply-runs-out"])
    _, (step, *_) = threshold_sweep.build_variants(some, "supply-runs-out.for=2h..3h/2")
    span = TimeRange(since=imagined.END - DAYS * DAY, until=imagined.END)
    with closing(open_reader(file)) as db:
        how = BacktestOptions(cache_path=cache.path)
        backtest_runner.run_backtest(db, some, span, how=how)
        remembered = backtest_runner.run_backtest(db, step.rules, span, how=how)
        assert len(learned) == 1
        afresh = backtest_runner.run_backtest(db, step.rules, span)
    assert len(learned) == 2
    assert remembered.firings == afresh.firings
    assert remembered.firings["supply-runs-out"]
    assert remembered.evaluations > 0


CHANGES = [
    "UPDATE series_value SET value = 3 WHERE series = (SELECT id FROM series WHERE name = 'supply.1.1' LIMIT 1)",
    (
        "UPDATE series_value SET at = at + 0.5 WHERE (series, at) IN (SELECT series, max(at) FROM series_value JOIN series "
        "ON id = series WHERE name = 'supply.1.1')"
    ),
    "DELETE FROM series_value WHERE series = (SELECT id FROM series WHERE name = 'meter.total' LIMIT 1)",
    "DELETE FROM alert_episode WHERE device LIKE '%000002'",
    "UPDATE alert_text SET alert = json_set(alert, '$.code', 13) WHERE id = 1",
    "UPDATE unreachable_period SET ended = ended + 7200 WHERE device LIKE '%000000'",
    "UPDATE latest SET supplies = json_set(supplies, '$[0].max', 50) WHERE device LIKE '%000001'",
    "REPLACE INTO retention_progress SELECT 'pages', max(at) - 864000 FROM series_value",
]


@pytest.mark.parametrize("statement", CHANGES, ids=lambda it: " ".join(it.split()[:3]))
def test_from_another_past_it_is_learned_anew(file, tmp_path, imagined, statement):
    copy = shutil.copy(file, tmp_path / "changed.db")
    with closing(sqlite3.connect(copy)) as db, db:
        assert db.execute(statement).rowcount > 0
    assert read_key(copy, imagined.END) != read_key(file, imagined.END)


def read_key(file: Path, until: float) -> tuple[str, ...]:
    with closing(open_reader(file)) as db:
        return priors_cache.digest_readings(db, list(inventory.load_devices(db).values()), until)


def test_another_wall_clock_learns_anew(file, imagined, monkeypatch):
    here = read_key(file, imagined.END)
    monkeypatch.setattr(priors_cache, "to_local", lambda at: at + 3600.0)
    assert read_key(file, imagined.END) != here


def test_other_printers_another_end_and_another_program_learn_anew(
    file, cache, learned, imagined, monkeypatch
):
    recall(cache, file, imagined.END)
    recall(cache, file, imagined.END, backwards=True)
    recall(cache, file, imagined.END - DAY)
    assert len(learned) == 3
    monkeypatch.setattr(result_cache, "program_digest", lambda: "another")
    recall(cache, file, imagined.END)
    assert len(learned) == 4


def test_a_key_that_forgot_the_past_would_be_seen(file, cache, learned, imagined, tmp_path, monkeypatch):
    copy = Path(shutil.copy(file, tmp_path / "changed.db"))
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute(CHANGES[0])
    monkeypatch.setattr(priors_cache, "digest_readings", lambda *_: ("the same",))
    stale = recall(cache, file, imagined.END), recall(cache, copy, imagined.END)
    assert stale[0] == stale[1] != recall(PriorsCache(), copy, imagined.END)


def list_columns(file: Path, work: Any) -> set[tuple[str, str]]:
    """The columns of the state file that are read by `work`."""
    found: set[tuple[str, str]] = set()

    def note_read(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and table and column:
            found.add((table, column))
        return sqlite3.SQLITE_OK

    with closing(open_reader(file)) as db:
        devices = list(inventory.load_devices(db).values())
        db.set_authorizer(note_read)
        work(db, devices)
    return found


def test_whatever_is_read_to_learn_is_part_of_the_key(file, imagined, monkeypatch):
    read = list_columns(file, lambda db, devices: forecast_replay.learn_priors(db, devices, imagined.END))
    assert {("series_value", "value"), ("latest", "supplies")} < read
    hashed = lambda: list_columns(file, lambda *of: priors_cache.digest_readings(*of, imagined.END))  # noqa: E731
    assert read <= hashed()
    for query in priors_cache._READINGS[:5]:
        rest = tuple(it for it in priors_cache._READINGS if it != query)
        with monkeypatch.context() as patch:
            patch.setattr(priors_cache, "_READINGS", rest)
            assert not read <= hashed(), f"without {query} something would be forgotten"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE priors_log SET log = x'00'",
        "UPDATE priors_log SET digest = 'another'",
        "DROP TABLE priors_log",
        "UPDATE priors_log SET log = (SELECT log FROM priors_log ORDER BY key LIMIT 1)",
    ],
)
def test_a_damaged_cache_costs_time_and_nothing_else(file, cache, imagined, damage):
    early, late = imagined.END - 60 * DAY, imagined.END
    known = [recall(cache, file, until) for until in (early, late)]
    assert cache.path is not None
    with closing(sqlite3.connect(cache.path)) as db, db:
        db.execute(damage)
    assert [recall(cache, file, until) for until in (early, late)] == known


def test_the_oldest_logs_go(file, cache, imagined, monkeypatch):
    monkeypatch.setattr(priors_cache, "MAX_LOGS", 2)
    for days in (3, 2, 1):
        recall(cache, file, imagined.END - (DAYS - 20 - days) * DAY)
    assert cache.path is not None
    with closing(sqlite3.connect(cache.path)) as db:
        assert db.execute("SELECT count(*) FROM priors_log").fetchone() == (2,)
