"""A backtest opens the tickets that the running agent opened, one by one, forecasts included."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import lived_fleet
import pytest

from agent.core.model import TicketEvent
from agent.core.store import open_reader
from agent.history.device_history import DeviceHistory
from agent.pipeline.replay import backtest_runner
from agent.pipeline.replay.backtest_runner import BacktestOptions
from agent.pipeline.replay.device_runner import TimeRange
from agent.pipeline.replay.forecast_replay import ForecastTimeline
from agent.pipeline.replay.ticket_replay import assemble_tickets, replay_tickets
from agent.rules import loader
from agent.rules.backtest.desk_ticket import NOTICE, DeskTicket

DAY = 86400.0
STEP = 3600.0  # between two polls of the small instance
FORECAST_RULES = {"supply-runs-out", "fuser-eol", "part-wearing", "rollers-wearing"}


@pytest.fixture(scope="module")
def rules():
    return loader.load_rules(loader.shipped_files())


@pytest.fixture(scope="module")
def lived(rules, tmp_path_factory) -> tuple[Path, list[TicketEvent]]:
    """Three printers through sixteen days."""
    path = tmp_path_factory.mktemp("lived") / "state.db"
    return path, lived_fleet.live_through(path, rules, printers=3, days=16, step=STEP, seed=5)


def backtest(path: Path, rules, days: float, step: float) -> list[DeskTicket]:
    """The tickets of a backtest of all rules in force over the whole history."""
    span = TimeRange(since=lived_fleet.START, until=lived_fleet.START + days * DAY)
    how = BacktestOptions(first_days=3 * DAY, poll_interval=step)
    with closing(open_reader(path)) as db:
        run = backtest_runner.run_backtest(db, rules, span, site=lived_fleet.SITE, how=how)
    spoken = [(rules.rules[name], it) for name, them in run.firings.items() for it in them]
    firings = ((rule, it) for rule, it in spoken if not rule.shadow)
    tickets = replay_tickets(firings, run.devices, run.site, span.until).tickets
    return [it for it in tickets if it.kind != NOTICE]


def differences(live: Sequence[TicketEvent], replayed: Sequence[DeskTicket], step: float) -> list[str]:
    """What only one of the two has; the same is opened, cleared and reopened alike, within a poll."""
    rest, found = list(replayed), []
    for ticket in assemble_tickets(live):
        near = [it for it in rest if it.identity == ticket.identity and is_near(it, ticket, step)]
        if near:
            rest.remove(near[0])
        else:
            found.append(f"only live: {ticket.name} {ticket.rule} {ticket.component} at {ticket.opened}")
    return [*found, *(f"only replayed: {it.name} {it.rule} {it.component} at {it.opened}" for it in rest)]


def is_near(one: DeskTicket, other: DeskTicket, step: float) -> bool:
    ends = (one.closed, other.closed)
    same_end = ends == (None, None) or (None not in ends and abs(ends[0] - ends[1]) <= step + 60)
    return same_end and one.reopened == other.reopened and abs(one.opened - other.opened) <= step + 60


def test_a_backtest_opens_what_the_running_agent_opened(lived, rules):
    path, live = lived
    tickets = assemble_tickets(live)
    assert len(tickets) >= 10
    assert {it.rule for it in tickets} & FORECAST_RULES
    assert {it.rule for it in tickets} - FORECAST_RULES
    assert differences(live, backtest(path, rules, 16, STEP), STEP) == []


def peek_at_levels(monkeypatch) -> None:
    """Supplies are read as they will be half a day later."""
    honest = DeviceHistory.supply_at
    monkeypatch.setattr(
        DeviceHistory, "supply_at", lambda self, index, now: honest(self, index, now + DAY / 2)
    )
    whole = DeviceHistory._supplies_at
    monkeypatch.setattr(DeviceHistory, "_supplies_at", lambda self, now: whole(self, now + DAY / 2))


def peek_at_forecasts(monkeypatch) -> None:
    """Forecasts know the readings of the next two days."""
    honest = ForecastTimeline.forecasts_at
    monkeypatch.setattr(ForecastTimeline, "forecasts_at", lambda self, now: honest(self, now + 2 * DAY))


@pytest.mark.parametrize("peek", [peek_at_levels, peek_at_forecasts], ids=lambda it: it.__name__)
def test_a_signal_with_a_peek_into_the_future_is_caught(lived, rules, monkeypatch, peek):
    path, live = lived
    peek(monkeypatch)
    assert differences(live, backtest(path, rules, 16, STEP), STEP)


def test_a_replacement_is_known_when_it_was_confirmed_and_not_before(lived):
    path, _ = lived
    with closing(open_reader(path)) as db:
        rows = db.execute("SELECT at, noted_at FROM device_event WHERE kind = 'replaced'").fetchall()
    assert rows
    assert all(row["noted_at"] >= row["at"] + 2 * STEP - 60 for row in rows)


@pytest.mark.long
@pytest.mark.claim("backtest-live")
def test_sixty_days_of_six_printers_ticket_by_ticket(rules, tmp_path, figure):
    live = lived_fleet.live_through(tmp_path / "state.db", rules, printers=6, days=60, thin=False)
    tickets = assemble_tickets(live)
    found = differences(live, backtest(tmp_path / "state.db", rules, 60, 1800.0), 1800.0)
    figure(
        tickets=len(tickets),
        foreseen=sum(it.rule in FORECAST_RULES for it in tickets),
        days=60,
        different=len(found),
    )
    assert found == []


@pytest.mark.long
@pytest.mark.control("backtest-live")
def test_sixty_days_with_a_peek_differ(lived, rules, monkeypatch, figure):
    path, live = lived
    peek_at_levels(monkeypatch)
    found = differences(live, backtest(path, rules, 16, STEP), STEP)
    figure(different=len(found))
    assert found
