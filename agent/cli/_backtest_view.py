"""A backtest's report, on a terminal."""

import typer

from agent.core.clock import format_iso_time
from agent.core.units import counted
from agent.pipeline.replay.backtest_report import DAY, BacktestReport
from agent.rules.backtest.scoring import Firing, RuleScore

MAX_LISTED = 10


def show_report(report: BacktestReport) -> None:
    """Print the report of a backtest."""
    for score in report.scores:
        _show_score(score)
        new, old = report.only_new.get(score.rule, []), report.only_old.get(score.rule, [])
        if new or old:
            typer.echo(f"  beside the rules in force: {counted(len(new), 'more ticket')}, {len(old)} fewer")
    for value, score in report.swept:
        shares = f"precision {score.precision}  recall {score.recall}"
        typer.echo(f"{value:>10}  {len(score.firings):5} tickets  {shares}")


def _show_shares(score: RuleScore) -> None:
    if score.known_since:
        typer.echo(f"  history since {format_iso_time(score.known_since)[:10]}: rates are of that time")
    if score.judged:
        typer.echo(f"  precision {score.precision}\n  recall    {score.recall}")
    elif not score.unreplayable_signals:
        typer.echo("  nothing to compare with: --against RULE names what it should foretell")


def _show_score(score: RuleScore) -> None:
    typer.echo(
        f"{score.rule}: {counted(len(score.firings), 'ticket')}, "
        f"{score.ticket_rate:.3f} for each printer and month"
    )
    _show_shares(score)
    if score.lead_quartiles:
        typer.echo(
            f"  lead      median {score.lead_quartiles[1] / DAY:.1f} days, "
            f"a quarter under {score.lead_quartiles[0] / DAY:.1f}"
        )
    if score.flaps:
        typer.echo(f"  flaps     {score.flaps} opened again within a day")
    if score.unreplayable_signals:
        names = ", ".join(score.unreplayable_signals)
        typer.echo(f"  not replayed: {names}: history does not record it, so there is no score")
    if score.thinned:
        typer.echo("  judged in part on page counters of one reading a day")
    for what, them in (("missed", score.missed), ("false", score.false)):
        for it in them[:MAX_LISTED]:
            at = it.opened if isinstance(it, Firing) else it.at
            typer.echo(f"  {what}: {format_iso_time(at)} {it.device} {it.subject or ''}".rstrip())
        if len(them) > MAX_LISTED:
            typer.echo(f"  {what}: and {len(them) - MAX_LISTED} more; --json and --html list them")
