"""Helpers of `printwarden rules`: load rule files and state, print complaints, trials and explanations."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from agent import app
from agent.cli import _common
from agent.config import Config, RulesConfig, ScheduleConfig
from agent.core.errors import Complaint, ConfigError, StoreError
from agent.core.model import Device, Facts
from agent.core.store import open_reader
from agent.core.units import counted
from agent.pipeline import facts_builder
from agent.pipeline.device_tags import AssignTags, TagAssigner, assign_nothing
from agent.pipeline.replay import backtest_plan, backtest_report, fleet_lint
from agent.pipeline.replay.backtest_plan import BacktestRequest
from agent.pipeline.replay.backtest_report import BacktestReport
from agent.pipeline.replay.explain import Explanation
from agent.pipeline.replay.trial_runner import TrialResult
from agent.rules import loader, lookup
from agent.rules.backtest import cost_figures
from agent.rules.rule import Rule, RuleSet
from agent.rules.signals import Signal

RUNNING_WITHIN = 3600.0  # seconds since the last answer of any printer
MARKS = {True: "yes", False: "no", None: "unknown"}


def print_complaints(complaints: Sequence[Complaint], *, as_json: bool) -> None:
    """Print the mistakes in rule files."""
    if as_json:
        _common.print_json({"complaints": [asdict(complaint) for complaint in complaints]})
        return
    for complaint in complaints:
        typer.echo(str(complaint), err=True)
    typer.echo(f"{counted(len(complaints), 'complaint')}: these rules would not be used", err=True)


def are_trials_only(paths: list[Path] | None) -> bool:
    """Return True if every path is a file of trials."""
    return all(path.name.endswith(loader.TRIAL_SUFFIX) for path in paths or ())


def no_trials(paths: list[Path] | None) -> ConfigError:
    """The error where there is nothing to play."""
    where = ", ".join(map(str, paths or ()))
    hint = f"write them beside the rules, in a file named like mine{loader.TRIAL_SUFFIX}: see docs/rules.md"
    return ConfigError.for_file(where, "there are no trials", suggestion=hint)


def load_rules_in_force(given: Path | None, rules: list[Path] | None) -> RuleSet:
    """Load the rules of `--rules`, or else those of the site, each together with the shipped ones."""
    settings = load_site_config(given)
    if rules:
        return loader.load_rules(
            [*loader.shipped_files(), *rules], settings.site.timezone if settings else None
        )
    return app.build_rules(settings) if settings else loader.load_rules(loader.shipped_files())


def load_draft(given: Path | None, paths: list[Path] | None) -> RuleSet:
    """The rules as they would be with these files in rules.d, where a file replaces only one of its name."""
    settings = load_site_config(given)
    drafts = [file for path in paths or () for file in (loader.rule_files(path) if path.is_dir() else [path])]
    names = {file.name for file in drafts}
    present = app.rule_files(settings) if settings else loader.shipped_files()
    kept = [file for file in present if file.parent == loader.DEFAULTS or file.name not in names]
    return loader.load_rules([*kept, *drafts], settings.site.timezone if settings else None)


def load_site_config(given: Path | None) -> Config | None:
    """Load the configuration of the site; None if it does not exist and was not named."""
    file = _common.config_file(given)
    return _common.load_settings(file) if given or file.exists() else None


def load_assignment(given: Path | None) -> AssignTags:
    """Load the assignment of tags and contracts to printers."""
    settings = load_site_config(given)
    return TagAssigner(settings) if settings else assign_nothing


def signal_document(signal: Signal) -> dict[str, Any]:
    return {
        "signal": signal.name,
        "per": list(signal.per),
        "options": list(signal.options),
        "needs": list(signal.needs),
        "ops": list(signal.kind.ops),
        "text": signal.text,
    }


@contextmanager
def open_state(given: Path | None, state: Path | None) -> Iterator[sqlite3.Connection]:
    path = state or _common.load_settings(given).database_path
    try:
        with closing(open_reader(path)) as db:
            yield db
    except (IndexError, sqlite3.OperationalError) as why:  # a column or a table that it does not have yet
        raise StoreError(
            f"{path} was written by an older version ({why}): an agent of this version brings it up to date"
        ) from why


def parse_time(text: str) -> float:
    """Parse a day, or a day and a time, of this machine's zone. Raises BadParameter."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise typer.BadParameter(f'"{text}" is no time; write 2026-03-02 or 2026-03-02T08:00') from None


def last_reading(db: sqlite3.Connection) -> float:
    """Now while the agent runs; of a history that ended, its last reading."""
    now, newest = time.time(), backtest_report.newest_answer(db)
    return now if now - newest < RUNNING_WITHIN else newest


def load_current_facts(db: sqlite3.Connection, device: Device) -> Facts:
    """Load the current facts of a printer."""
    return facts_builder.load_stored_facts(db, device, last_reading(db), facts_builder.load_site_facts(db))


def collect_advice(state: Path | None, rules: RuleSet, files: list[Path] | None) -> list[Complaint]:
    """Collect advice on these rules, also from trying them on the printers of a state file."""
    advice = lookup.advice_of_interest(rules, files)
    if state is None:
        return advice
    with closing(open_reader(state)) as db:
        mine = lookup.rules_of_interest(rules, files)
        return [*advice, *fleet_lint.advise_rules(db, mine, backtest_report.newest_answer(db))]


def show_played(played: Iterable[TrialResult]) -> None:
    good = bad = 0
    for it in played:
        bad += bool(it.complaints)
        good += not it.complaints
        if it.complaints:
            where = f"{it.trial.file}:{it.trial.line}" if it.trial.line else it.trial.file
            typer.echo(f"{where}: {it.trial.name}")
            for complaint in it.complaints:
                typer.echo(f"    {complaint}")
    typer.echo(f"{counted(good, 'trial')} went as expected" + (f", {bad} did not" if bad else ""))


def show_explained(rule: Rule, device: Device, found: Sequence[Explanation], at: str) -> None:
    typer.echo(f"{rule.id} and {device.name}" + (f", {at}" if at else ""))
    if not found:
        typer.echo(f"the printer shows no {rule.per}")
    for it in found:
        stands = f"; {it.stands}" if it.stands else ""
        typer.echo(f"\n{it.subject or 'the printer'}: holds: {MARKS[it.holds]}{stands}")
        for note in it.notes:
            typer.echo(f"    {note}")
        for line in it.lines:
            typer.echo(f"    {line.part:5} {line.condition}: saw {line.saw}: {MARKS[line.holds]}")


def run_backtest(
    request: BacktestRequest,
    given: Path | None,
    state: Path | None,
    files: list[Path] | None,
    costs: Path | None = None,
) -> BacktestReport:
    """Run a backtest, with a progress bar on a terminal. Without names: all rules of `files` or the site.

    `costs`: a file of prices. Raises ConfigError where it lies at the customer's.
    """
    rules, settings = load_rules_in_force(given, files), load_site_config(given)
    names = request.names or [it.id for it in lookup.rules_of_interest(rules, files)]
    request = replace(
        request,
        names=names,
        site=settings.site.id if settings else "",
        first_days=settings.rules.first_days if settings else RulesConfig().first_days,
        poll_interval=settings.schedule.alerts if settings else ScheduleConfig().alerts,
        assign=load_assignment(given),
    )
    deployed = load_rules_in_force(given, None) if files else None
    backtest_plan.check_request(rules, request)  # before a state file is looked for
    prices = cost_figures.load_costs(costs, list_site_folders(settings)) if costs else None
    with open_state(given, state) as db, Progress(console=_common.err, transient=True) as bar:
        progress = partial(_start_progress, bar)
        return backtest_report.run_backtest(db, rules, request, deployed, progress, prices)


def list_site_folders(settings: Config | None) -> list[Path]:
    """The folders of a site's configuration and rules, where no prices must lie."""
    return [settings.folder, settings.resolve_path(settings.rules.folder)] if settings else []


def _start_progress(bar: Progress, label: str) -> Callable[[int, int], None]:
    task = bar.add_task(label[:40], total=None)
    return lambda done, of: bar.update(task, completed=done, total=of)
