"""What `printwarden rules` needs beside its rooms: which files, which state, how to show it."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from agent import app, config, paths, toml, units
from agent.cli import _common
from agent.clock import iso
from agent.config import Config
from agent.errors import Complaint, ConfigError, StoreError
from agent.model import Device, Facts
from agent.rules import backtest, page, schema, sweep
from agent.rules.backtest import Firing, Score, Yardstick
from agent.rules.rule import Rule, RuleSet
from agent.rules.signals import Signal, signals
from agent.service import against, hindsight, knowing
from agent.service.assigned import Assign, Assigned, unassigned
from agent.service.explaining import Explanation
from agent.service.rehearsal import Played
from agent.store import open_reader
from agent.units import counted

DAY = 86400.0
MARKS = {True: "yes", False: "no", None: "unknown"}
LISTED = 10


def refuse(complaints: Sequence[Complaint], *, as_json: bool) -> None:
    """Say what is wrong with rule files."""
    if as_json:
        _common.say_json({"complaints": [asdict(complaint) for complaint in complaints]})
        return
    for complaint in complaints:
        typer.echo(str(complaint), err=True)
    typer.echo(f"{counted(len(complaints), 'complaint')}: these rules would not be used", err=True)


def trials_only(paths: list[Path] | None) -> bool:
    """Whether none of the paths can hold rules."""
    return all(path.name.endswith(schema.TRIAL) for path in paths or ())


def in_force(given: Path | None, rules: list[Path] | None) -> RuleSet:
    """The rules of `--rules`, or else those of the site; the shipped ones with either."""
    settings = site(given)
    if rules:
        return schema.load([*schema.shipped(), *rules], settings.site.timezone if settings else None)
    return app.build_rules(settings) if settings else schema.load(schema.shipped())


def site(given: Path | None) -> Config | None:
    """The configuration of the site; None where there is none, and none was named."""
    file = _common.config_file(given)
    return config.load(file) if given or file.exists() else None


def assignment(given: Path | None) -> Assign:
    """What the configuration says of printers: tags, contracts."""
    settings = site(given)
    return Assigned(settings) if settings else unassigned


def one(rules: RuleSet, name: str) -> Rule:
    if name not in rules.rules:
        raise ConfigError.at("rules", f'there is no rule "{name}"', suggestion="see: printwarden rules list")
    return rules.rules[name]


def unknown_signal(name: str) -> ConfigError:
    return ConfigError.at(
        "rules", f'there is no signal "{name}"', suggestion=toml.nearest(name, sorted(signals()))
    )


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
def reader(given: Path | None, state: Path | None) -> Iterator[sqlite3.Connection]:
    path = state or config.load(_common.config_file(given)).database
    try:
        with closing(open_reader(path)) as db:
            yield db
    except (IndexError, sqlite3.OperationalError) as why:  # a column or a table that it does not have yet
        raise StoreError(
            f"{path} was written by an older version ({why}): an agent of this version brings it up to date"
        ) from why


def when(text: str) -> float:
    """The time that was typed: a day, or a day and a time, of this machine's zone."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise typer.BadParameter(f'"{text}" is no time; write 2026-03-02 or 2026-03-02T08:00') from None


def today(db: sqlite3.Connection, device: Device) -> Facts:
    """What is known of the printer now."""
    return knowing.known(db, device, time.time(), knowing.site_of(db))


def advice(state: Path | None, rules: RuleSet, paths: list[Path] | None) -> list[Complaint]:
    """What is to be said about these rules, and what the printers of a state file make of them.

    About the shipped ones only if nothing else was asked for.
    """
    mine = [rule for rule in rules.rules.values() if _mine(rule, paths)]
    said = [it for it in rules.advice if not paths or not it.file.startswith(str(schema.DEFAULTS))]
    if state is None:
        return said
    with closing(open_reader(state)) as db:
        newest = db.execute("SELECT max(last_answer) AS at FROM latest").fetchone()["at"]
        return [*said, *against.advise(db, mine, newest or time.time())]


def show_played(played: Iterable[Played]) -> None:
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
        for line in it.lines:
            typer.echo(f"    {line.part:5} {line.condition}: saw {line.saw}: {MARKS[line.holds]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line of a backtest."""

    names: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    sweep: str = ""
    against: tuple[str, ...] = ()
    horizon: str = "30 days"
    afresh: bool = False
    site: str = ""
    assign: Assign = unassigned


@dataclass(slots=True)
class Found:
    """What a backtest brought."""

    span: hindsight.Span
    scores: list[Score] = field(default_factory=list)
    swept: list[tuple[str, Score]] = field(default_factory=list)
    only_new: dict[str, list[Firing]] = field(default_factory=dict)
    only_old: dict[str, list[Firing]] = field(default_factory=dict)

    def page(self) -> str:
        return page.page(self.scores, since=self.span.since, until=self.span.until, sweep=self.swept)

    def document(self) -> dict[str, Any]:
        return {
            "from": iso(self.span.since),
            "to": iso(self.span.until),
            "rules": [_document(score) for score in self.scores],
            "sweep": [{"value": value, **_document(score)} for value, score in self.swept],
            "only_new": {name: len(them) for name, them in self.only_new.items()},
            "only_deployed": {name: len(them) for name, them in self.only_old.items()},
        }

    def show(self) -> None:
        for score in self.scores:
            _show(score)
            new, old = self.only_new.get(score.rule, []), self.only_old.get(score.rule, [])
            if new or old:
                typer.echo(
                    f"  beside the rules in force: {counted(len(new), 'more ticket')}, {len(old)} fewer"
                )
        for value, score in self.swept:
            shares = f"precision {score.precision}  recall {score.recall}"
            typer.echo(f"{value:>10}  {len(score.firings):5} tickets  {shares}")


def run_backtest(asked: Asked, given: Path | None, state: Path | None, files: list[Path] | None) -> Found:
    """Run it, with a progress bar on a terminal."""
    rules = in_force(given, files)
    names = list(asked.names) or [it.id for it in rules.rules.values() if _mine(it, files)]
    for name in names:
        one(rules, name)
    _horizon(asked)
    settings = site(given)
    asked = replace(asked, site=settings.site.id if settings else "", assign=assignment(given))
    with reader(given, state) as db, Progress(console=_common.err, transient=True) as bar:
        found = Found(span=_span(db, asked))
        run = _run(db, rules, names, asked, found, bar)
        found.scores = [_scored(rules, name, run, asked) for name in names]
        if files:
            _differ(db, in_force(given, None), names, run, asked, found, bar)
        if asked.sweep:
            _sweep(db, rules, asked, found, bar)
    return found


def _horizon(asked: Asked) -> float:
    try:
        return units.duration(asked.horizon)
    except ValueError as why:
        reason, _, suggestion = str(why).partition(": ")
        raise ConfigError.at("--horizon", reason, suggestion=suggestion) from None


def _mine(rule: Rule, files: list[Path] | None) -> bool:
    return not files or not rule.file.startswith(str(schema.DEFAULTS))


def _span(db: sqlite3.Connection, asked: Asked) -> hindsight.Span:
    newest = db.execute("SELECT max(last_answer) AS at FROM latest").fetchone()["at"]
    until = when(asked.until) if asked.until else newest or time.time()
    since = when(asked.since) if asked.since else until - 90 * DAY
    if since >= until:
        raise ConfigError.at(
            "--from", "is not before the end", suggestion="write an earlier day, or a later --to"
        )
    return hindsight.Span(since=since, until=until)


def _yardsticks(rules: RuleSet, name: str, asked: Asked) -> list[str]:
    chosen = list(asked.against) or hindsight.yardstick_rules(rules, rules.rules[name])
    for other in chosen:
        one(rules, other)
    return chosen


def _run(
    db: sqlite3.Connection, rules: RuleSet, names: list[str], asked: Asked, found: Found, bar: Progress
) -> hindsight.Run:
    wanted = [*names, *(other for name in names for other in _yardsticks(rules, name, asked))]
    task = bar.add_task(", ".join(names)[:40], total=None)
    return hindsight.run(
        db,
        sweep.only(rules, list(dict.fromkeys(wanted))),
        found.span,
        names=wanted,
        site=asked.site,
        told=lambda done, of: bar.update(task, completed=done, total=of),
        how=hindsight.How(
            memory=None if asked.afresh else paths.cache() / "backtests.db", assign=asked.assign
        ),
    )


def _scored(rules: RuleSet, name: str, run: hindsight.Run, asked: Asked) -> Score:
    others, forgotten = _yardsticks(rules, name, asked), rules.rules[name].forgotten
    yardstick = Yardstick(
        events=run.events(others),
        proofs=run.replaced if rules.rules[name].impact == "supply" else (),
        horizon=_horizon(asked),
        until=run.span.until,
    )
    found = backtest.score(
        name,
        run.firings[name],
        yardstick if others else None,
        device_months=run.device_months,
        thinned=run.thinned and "meters" in rules.rules[name].rests_on,
    )
    return replace(found, forgotten=forgotten)


def _sweep(db: sqlite3.Connection, rules: RuleSet, asked: Asked, found: Found, bar: Progress) -> None:
    try:
        name, steps = sweep.steps(rules, asked.sweep)
    except ValueError as why:
        reason, _, suggestion = str(why).partition(" | ")
        raise ConfigError.at("--sweep", reason, suggestion=suggestion) from None
    for step in steps:
        run = _run(db, step.rules, [name], asked, found, bar)
        found.swept.append((step.spelt, _scored(step.rules, name, run, asked)))


def _differ(
    db: sqlite3.Connection,
    deployed: RuleSet,
    names: list[str],
    run: hindsight.Run,
    asked: Asked,
    found: Found,
    bar: Progress,
) -> None:
    """The tickets that only one of the two sets of rules would have opened."""
    common = [name for name in names if name in deployed.rules]
    before = _run(db, deployed, common, replace(asked, against=()), found, bar) if common else None
    for name in names:
        old = before.firings.get(name, []) if before else []
        ours = {(it.device, it.subject, it.opened // DAY) for it in run.firings[name]}
        theirs = {(it.device, it.subject, it.opened // DAY) for it in old}
        found.only_new[name] = [
            it for it in run.firings[name] if (it.device, it.subject, it.opened // DAY) not in theirs
        ]
        found.only_old[name] = [it for it in old if (it.device, it.subject, it.opened // DAY) not in ours]


def _document(score: Score) -> dict[str, Any]:
    return {
        "rule": score.rule,
        "tickets": len(score.firings),
        "tickets_per_device_month": round(score.rate, 4),
        "precision": score.precision.value if score.judged else None,
        "precision_interval": score.precision.interval if score.judged else None,
        "recall": score.recall.value if score.judged else None,
        "recall_interval": score.recall.interval if score.judged else None,
        "lead_days": [it / DAY for it in score.lead] if score.lead else None,
        "flaps": score.flaps,
        "few": score.judged and (score.precision.few or score.recall.few),
        "thinned": score.thinned,
        "not_replayed": list(score.forgotten),
        "missed": [asdict(it) for it in score.missed],
        "false": [asdict(it) for it in score.false],
    }


def _show(score: Score) -> None:
    typer.echo(
        f"{score.rule}: {counted(len(score.firings), 'ticket')}, {score.rate:.3f} for each printer and month"
    )
    if score.judged:
        typer.echo(f"  precision {score.precision}\n  recall    {score.recall}")
    else:
        typer.echo("  nothing to compare with: --against RULE names what it should foretell")
    if score.lead:
        typer.echo(
            f"  lead      median {score.lead[1] / DAY:.1f} days, a quarter under {score.lead[0] / DAY:.1f}"
        )
    if score.flaps:
        typer.echo(f"  flaps     {score.flaps} opened again within a day")
    if score.forgotten:
        names = ", ".join(score.forgotten)
        typer.echo(f"  not replayed: {names}: the past keeps nothing of it, so it was unknown all along")
    if score.thinned:
        typer.echo("  judged in part on page counters of one reading a day")
    for what, them in (("missed", score.missed), ("false", score.false)):
        for it in them[:LISTED]:
            at = it.opened if isinstance(it, Firing) else it.at
            typer.echo(f"  {what}: {iso(at)} {it.device} {it.subject or ''}".rstrip())
        if len(them) > LISTED:
            typer.echo(f"  {what}: and {len(them) - LISTED} more; --json and --html list them")
