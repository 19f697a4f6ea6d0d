"""`printwarden rules diff --cost`: what an edit would have cost over the last quarter, site by site."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from agent.cli import _common, _rules
from agent.core import paths
from agent.core.clock import format_iso_time
from agent.core.store import open_reader
from agent.pipeline.replay.price_tag import EditPrice, PriceRequest, price_edit
from agent.rules.backtest.cost_figures import CostFigures, CostTable, load_costs
from agent.rules.rule import RuleSet

COUNTS = ("tickets", "visits", "cartridges")


@dataclass(frozen=True, slots=True)
class PriceReport:
    """The price tag of an edit: one line for each history, and one for all."""

    sites: Sequence[EditPrice]
    costs: CostTable | None

    @property
    def lines(self) -> list[EditPrice]:
        return [*self.sites, reduce(add, self.sites)] if len(self.sites) > 1 else list(self.sites)

    def document(self) -> dict[str, Any]:
        """The report as data."""
        whole = reduce(add, self.sites)
        return {
            "faults": list(whole.faults),
            "not_replayed": list(whole.not_replayed),
            "currency": self.costs.currency if self.costs else None,
            "sites": [self._build_line(it) for it in self.lines],
        }

    def show(self) -> None:
        """Print the table, and what it rests on."""
        whole = reduce(add, self.sites)
        typer.echo(f"\nTickets of {', '.join(whole.faults) or 'no fault'}, {_describe_span(self.sites)}:")
        columns = ("history", "printers", *name_columns(self.costs))
        _common.print_table("", columns, map(self._format_row, self.lines))
        if whole.not_replayed:
            typer.echo(f"not replayed, so not counted: {', '.join(whole.not_replayed)}")
        for it in self.sites:
            if it.known_since is not None:
                typer.echo(f"{it.name}: known since {format_iso_time(it.known_since)[:10]} only")

    def _format_row(self, one: EditPrice) -> list[str]:
        return [one.name, str(one.printers), *format_changes(one.before, one.after, self.costs)]

    def _build_line(self, one: EditPrice) -> dict[str, Any]:
        return {
            "history": one.name,
            "printers": one.printers,
            "from": format_iso_time(one.span.since) if one.span else None,
            "to": format_iso_time(one.span.until) if one.span else None,
            "known_since": format_iso_time(one.known_since) if one.known_since is not None else None,
            "before": one.before.build_document(self.costs),
            "after": one.after.build_document(self.costs),
        }


def price_sites(
    before: RuleSet,
    after: RuleSet,
    config: Path | None,
    states: Sequence[Path] | None,
    costs: Path | None,
    span: tuple[float | None, float | None],
) -> PriceReport:
    """Run both sets of rules over each history. Raises ConfigError and StoreError."""
    settings = _rules.load_site_config(config)
    if settings is None and not states:
        raise typer.BadParameter("name a history by --state, or a site by --config")
    prices = load_costs(costs, _rules.list_site_folders(settings)) if costs else None
    files = list(states or ()) or ([settings.database_path] if settings else [])
    found = []
    with Progress(console=_common.err, transient=True) as bar:
        for file in files:
            request = PriceRequest(
                name=file.stem if len({it.stem for it in files}) == len(files) else str(file),
                site=settings.site.id if settings else "",
                since=span[0],
                until=span[1],
                cache=paths.cache_folder() / "backtests.db",
                first_days=settings.rules.first_days if settings else 0.0,
                assign=_rules.load_assignment(config),
            )
            with closing(open_reader(file)) as db:
                found.append(price_edit(db, before, after, request, _start_bar(bar, request.name)))
    return PriceReport(found, prices)


def _start_bar(bar: Progress, label: str) -> Callable[[int, int], None]:
    task = bar.add_task(label[:40], total=None)
    return partial(_update_bar, bar, task)


def _update_bar(bar: Progress, task: Any, done: int, of: int) -> None:
    bar.update(task, completed=done, total=of)


def name_columns(costs: CostTable | None) -> tuple[str, ...]:
    """What `format_changes` shows."""
    if costs is None:
        return COUNTS
    return *COUNTS, f"money ({costs.currency})" if costs.currency else "money"


def format_changes(before: CostFigures, after: CostFigures, costs: CostTable | None) -> list[str]:
    """Tickets, visits, cartridges and, where prices are known, money, before and after."""
    sides = [(it.tickets, it.visits, it.ordered) for it in (before, after)]
    cells = [_format_change(*pair) for pair in zip(*sides, strict=True)]
    if costs:
        cells.append(_format_change(before.price_all(costs), after.price_all(costs), ".2f"))
    return cells


def _format_change(before: float, after: float, form: str = ".0f") -> str:
    """ "41 → 47 (+6)"; one number where nothing changes."""
    if before == after:
        return f"{before:,{form}}"
    return f"{before:,{form}} → {after:,{form}} ({after - before:+,{form}})"


def _describe_span(sites: Sequence[EditPrice]) -> str:
    spans = {(it.span.since, it.span.until) for it in sites if it.span}
    if len(spans) != 1:
        return f"the last quarter of each of {len(sites)} histories"
    ((since, until),) = spans
    return f"{format_iso_time(since)[:10]} to {format_iso_time(until)[:10]}"
