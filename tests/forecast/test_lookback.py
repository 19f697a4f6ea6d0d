"""Looking back: the fleet's misses correct its forecasts, and are counted for the customer."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.model import Supply
from agent.core.store import Store
from agent.forecast import accuracy, calibration, forecast_store
from agent.forecast.fleet_priors import MissQuantiles
from agent.forecast.forecast_store import ForecastInput
from tests.forecast.conftest import DAY, Office


def test_the_median_of_past_misses_moves_the_best_estimate() -> None:
    misses, luck = MissQuantiles(), random.Random(1)
    for _ in range(3000):
        misses.add_miss(14.0, 0.5, 14.0 * luck.lognormvariate(0.4, 0.3))  # it always lasted longer
    low, middle, high = misses.quantiles_at(14.0, 0.5)
    assert middle == pytest.approx(0.4, abs=0.12)
    assert low < middle < high
    assert high == pytest.approx(0.4 + 1.28 * 0.3, abs=0.2)


def test_what_is_learned_two_weeks_ahead_says_nothing_of_two_months() -> None:
    misses = MissQuantiles()
    before = misses.quantiles_at(56.0, 0.5)
    for _ in range(100):
        misses.add_miss(14.0, 0.5, 30.0)
    assert misses.quantiles_at(56.0, 0.5) == before


def test_old_forecasts_are_none_for_the_lead() -> None:
    misses = MissQuantiles()
    assert calibration.learn_misses(misses, [(0.0, 20.0, 0.5)], 60 * DAY) == 0
    assert calibration.learn_misses(misses, [(0.0, 20.0, 0.5)], 16 * DAY) == 1


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    store = Store(tmp_path / "state.db", {"forecast": forecast_store.SCHEMA})
    with store.transaction() as tx:
        yield tx
    store.close()


def toner(level: float) -> Supply:
    return Supply(
        index="1.1", type="toner", kind="consumed", colour="black", level=round(level * 100), max=100
    )


def run(tx: sqlite3.Connection, office: Office, days: int) -> None:
    for at, count, look in office.readings(days):
        said = ForecastInput(site="S", pages=count, supplies=[toner(look.level or 0.0)])
        forecast_store.update_forecasts(tx, "sn:A", at, said)


def test_forecasts_are_scored_against_what_happened(tx: sqlite3.Connection) -> None:
    office = Office(scatter=0.3)
    run(tx, office, 300)
    found = accuracy.measure_accuracy(tx)
    assert found.emptied == len(office.emptied) - (office.emptied[-1] > office.renewed[-1])
    week = found.leads[1]
    assert week.n >= found.emptied - 1
    assert week.miss is not None
    assert week.miss < 3.0
    assert week.line is not None
    assert found.missed <= 1
    assert found.orders >= found.emptied - 1
    assert found.false <= 1


def test_a_cartridge_that_came_out_early_is_not_counted(tx: sqlite3.Connection) -> None:
    readings = list(Office().readings(60))
    for at, count, look in readings[:120]:
        forecast_store.update_forecasts(
            tx, "sn:A", at, ForecastInput(pages=count, supplies=[toner(look.level or 0.0)])
        )
    at, count, _ = readings[120]
    forecast_store.update_forecasts(tx, "sn:A", at, ForecastInput(pages=count, supplies=[toner(1.0)]))
    found = accuracy.measure_accuracy(tx)
    assert (found.emptied, found.replaced) == (0, 1)


def test_what_is_kept_on_disk_gives_the_same_forecast_again(tx: sqlite3.Connection) -> None:
    run(tx, Office(), 100)
    made = [tuple(row) for row in tx.execute("SELECT * FROM forecast_state ORDER BY kind, key")]
    forecast_store.update_forecasts(tx, "sn:B", 1e6, ForecastInput(site="T"))
    assert made == [
        tuple(row) for row in tx.execute("SELECT * FROM forecast_state WHERE key NOT IN ('T', 'sn:B')")
    ]
    at = 104 * DAY
    first, second = (
        forecast_store.load_forecasts(tx, "sn:A", at, "S"),
        forecast_store.load_forecasts(tx, "sn:A", at, "S"),
    )
    assert first == second
    assert first.supplies["1.1"].pages_a_day > 0


def test_a_reading_that_changes_nothing_writes_nothing(tx: sqlite3.Connection) -> None:
    run(tx, Office(), 30)
    before = tx.total_changes
    forecast_store.update_forecasts(tx, "sn:A", 34 * DAY - 3599.0, ForecastInput(site="S"))
    forecast_store.update_forecasts(tx, "sn:A", 34 * DAY - 3000.0, ForecastInput(site="S"))
    assert tx.total_changes == before


def test_forecasts_are_forgotten_long_after_their_cartridge_is_gone(tx: sqlite3.Connection) -> None:
    office = Office()
    run(tx, office, 60)
    forecast_store.delete_old_forecasts(tx, office.emptied[0] + 399 * DAY)
    assert accuracy.measure_accuracy(tx).emptied >= 1
    forecast_store.delete_old_forecasts(tx, office.emptied[-1] + 401 * DAY)
    assert accuracy.measure_accuracy(tx).emptied == 0


def test_state_of_another_form_is_forgotten_not_guessed_at(tx: sqlite3.Connection) -> None:
    run(tx, Office(), 30)
    tx.execute("UPDATE forecast_state SET format = 99, state = 'nonsense'")
    assert forecast_store.load_forecasts(tx, "sn:A", 40 * DAY, "S").supplies == {}
