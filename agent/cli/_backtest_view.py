"""A backtest's report, on a terminal."""

from collections.abc import Sequence

import typer

from agent.cli import _price
from agent.core.clock import format_iso_time
from agent.core.units import counted
from agent.pipeline.replay.backtest_report import DAY, BacktestReport
from agent.rules.backtest.cost_figures import CostTable
from agent.rules.backtest.desk_ticket import NOTICE
from agent.rules.backtest.firing import Firing
from agent.rules.backtest.order_figures import OrderFigures, middle_of, quartile_of
from agent.rules.backtest.scoring import Proportion, RuleScore

MAX_LISTED = 10
SWEPT_ORDERS = ("days left", "thrown away", "dry days")
ORDERS_LEGEND = (
    "lead: from the ticket to what it foretells. days left: from the order until it was empty. thrown away:\n"
    "left in the cartridge when it was changed. Medians. dry days: empty and not delivered yet, on how many\n"
    "cartridges; those never ordered before they were empty count in full."
)


def show_report(report: BacktestReport) -> None:
    """Print the report of a backtest."""
    for score in report.scores:
        _show_score(score)
        _show_costs(report, score)
        new, old = report.only_new.get(score.rule, []), report.only_old.get(score.rule, [])
        if (new or old) and not score.unreplayable_signals:
            typer.echo(f"  beside the rules in force: {counted(len(new), 'more ticket')}, {len(old)} fewer")
            _show_edit(report, score.rule)
    if report.swept:
        _show_sweep(report)


def _show_costs(report: BacktestReport, score: RuleScore) -> None:
    """What the tickets of a rule make, where prices are known."""
    figures = report.count_score(score)
    if report.costs is None or figures is None:
        return
    money = f"{figures.price_all(report.costs):,.2f} {report.costs.currency}".rstrip()
    visits, ordered = counted(figures.visits, "visit"), counted(figures.ordered, "cartridge")
    typer.echo(f"  costs     {visits}, {ordered} ordered, {money}")


def _show_edit(report: BacktestReport, name: str) -> None:
    """The rules in force that find the fault of this rule, and with it: before and after."""
    if report.costs is None:
        return
    cells = _price.format_changes(*report.edits[name], report.costs)
    pairs = zip(_price.name_columns(report.costs), cells, strict=True)
    typer.echo("            " + ", ".join(f"{column} {cell}" for column, cell in pairs))


def _show_sweep(report: BacktestReport) -> None:
    """The values side by side."""
    swept, costs = report.swept, report.costs
    columns = ["value", "tickets", "precision", "recall", "lead", *(SWEPT_ORDERS if _orders(swept) else ())]
    columns += _price.name_columns(costs)[1:] if costs else ()
    typer.echo("".join(f"{name:>15}" for name in columns))
    for value, score in swept:
        shares = [_format_share(score.precision), _format_share(score.recall)] if score.judged else ["–", "–"]
        lead = score.lead_quartiles[1] if score.lead_quartiles else None
        cells = [value, str(len(score.tickets)), *shares, _format_days(lead)]
        if score.orders:
            cells += _order_cells(score.orders)
        if costs:
            cells += _cost_cells(report, score, costs)
        typer.echo("".join(f"{cell:>15}" for cell in cells))
    if _orders(swept):
        typer.echo(ORDERS_LEGEND)


def _cost_cells(report: BacktestReport, score: RuleScore, costs: CostTable) -> list[str]:
    figures = report.count_score(score)
    if figures is None:
        return ["–", "–", "–"]
    return [str(figures.visits), str(figures.ordered), f"{figures.price_all(costs):,.2f}"]


def _orders(swept: Sequence[tuple[str, RuleScore]]) -> bool:
    return any(score.orders for _, score in swept)


def _order_cells(orders: OrderFigures) -> list[str]:
    return [
        _format_days(middle_of(orders.days_left)),
        _format_percent(middle_of(orders.left)),
        f"{orders.dry_days:.1f} on {len(orders.dry)}",
    ]


def _show_orders(orders: OrderFigures) -> None:
    lead, early = middle_of(orders.leads), quartile_of(orders.leads, 1)
    left, most = middle_of(orders.left), quartile_of(orders.left, 3)
    typer.echo(
        f"  orders    {counted(len(orders.leads), 'cartridge')} changed after an order: "
        f"median {_format_days(lead)} later, a quarter under {_format_days(early)}"
    )
    typer.echo(
        f"            thrown away: median {_format_percent(left)} left when changed, "
        f"a quarter over {_format_percent(most)}"
    )
    typer.echo(
        f"            {counted(len(orders.days_left), 'cartridge')} ran empty after an order: "
        f"median {_format_days(middle_of(orders.days_left))} later; {orders.unordered} without one"
    )
    typer.echo(
        f"            dry, with {_format_days(orders.delivery)} from order to printer: "
        f"{orders.dry_days:.1f} days on {counted(len(orders.dry), 'cartridge')}"
    )


def _format_days(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds / DAY:.1f} days"


def _format_percent(percent: float | None) -> str:
    return "–" if percent is None else f"{percent:.0f} %"


def _format_share(share: Proportion) -> str:
    return "–" if share.value is None else f"{share.value:.0%} of {share.of}"


def _show_shares(score: RuleScore) -> None:
    if score.known_since:
        typer.echo(f"  history since {format_iso_time(score.known_since)[:10]}: rates are of that time")
    if score.judged:
        typer.echo(f"  precision {score.precision}\n  recall    {score.recall}")
    else:
        typer.echo("  nothing to compare with: --against RULE names what it should foretell")


def _show_lists(score: RuleScore) -> None:
    """Say which of the tickets are lists of many findings."""
    for kind in ("digest", "storm"):
        if lists := [it for it in score.tickets if it.kind == kind]:
            typer.echo(f"  of them {counted(len(lists), f'{kind} ticket')} that list several findings")


def _show_score(score: RuleScore) -> None:
    if score.unreplayable_signals:
        names = ", ".join(score.unreplayable_signals)
        typer.echo(f"{score.rule}: not replayed: {names}: history does not record it, so there is no score")
        return
    what = "notice" if score.tickets and all(it.kind == NOTICE for it in score.tickets) else "ticket"
    typer.echo(
        f"{score.rule}: {counted(len(score.tickets), what)}, "
        f"{score.ticket_rate:.3f} for each printer and month"
    )
    _show_lists(score)
    _show_shares(score)
    if score.lead_quartiles:
        typer.echo(
            f"  lead      median {score.lead_quartiles[1] / DAY:.1f} days, "
            f"a quarter under {score.lead_quartiles[0] / DAY:.1f}"
        )
    if score.flaps:
        typer.echo(f"  flaps     {score.flaps} opened again within a day")
    if score.orders:
        _show_orders(score.orders)
    if score.thinned:
        typer.echo("  judged in part on page counters of one reading a day")
    for what, them in (("missed", score.missed), ("false", score.false)):
        for it in them[:MAX_LISTED]:
            at = it.opened if isinstance(it, Firing) else it.at
            typer.echo(f"  {what}: {format_iso_time(at)} {it.device} {it.subject or ''}".rstrip())
        if len(them) > MAX_LISTED:
            typer.echo(f"  {what}: and {len(them) - MAX_LISTED} more; --json and --html list them")
