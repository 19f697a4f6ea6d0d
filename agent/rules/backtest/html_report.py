"""A backtest as one HTML file: numbers, plots and lists, without anything from elsewhere."""

import html
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.core import svg
from agent.rules.backtest.desk_ticket import DeskTicket
from agent.rules.backtest.firing import Firing, ObservedEvent
from agent.rules.backtest.scoring import Proportion, RuleScore

WIDTH, HEIGHT, MARGIN = 640, 180, 34
DAY = 86400.0
MAX_LISTED = 200

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #222 } table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .2rem .8rem .2rem 0; text-align: left } th { border-bottom: 1px solid #999 }
svg { max-width: 100%; height: auto } .few { color: #a40 } .bar { fill: #4a7fb5 }
text { font: 11px system-ui, sans-serif; fill: #555 } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { body { background: #181a1b; color: #ddd } text { fill: #aaa } }
"""


def render_report(
    scores: Sequence[RuleScore], *, since: float, until: float, sweep: Sequence[tuple[str, RuleScore]] = ()
) -> str:
    """The whole page."""
    body = [f"<p>{_format_day(since)} to {_format_day(until)}</p>", *map(_render_rule, scores)]
    if sweep:
        body.append(_render_sweep(sweep))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Backtest</title><style>{STYLE}</style><h1>Backtest</h1>{''.join(body)}</html>\n"
    )


def _render_rule(score: RuleScore) -> str:
    lead = score.lead_quartiles
    rows = [
        ("Tickets", f"{len(score.tickets)} ({score.ticket_rate:.3f} for each printer and month)"),
        ("Precision", _render_proportion(score.precision) if score.judged else "nothing to compare with"),
        ("Recall", _render_proportion(score.recall) if score.judged else "nothing to compare with"),
        ("Lead", f"median {lead[1] / DAY:.1f} days, a quarter under {lead[0] / DAY:.1f}" if lead else "–"),
        ("Flaps", f"{score.flaps} opened again within a day"),
        ("Not judged yet", f"{score.unended} whose time is not over"),
    ]
    table = "".join(f"<tr><td>{name}</td><td>{said}</td></tr>" for name, said in rows)
    thinned = "<p>Partly judged on page counters of one reading a day.</p>" if score.thinned else ""
    return (
        f"<h2>{html.escape(score.rule)}</h2><table>{table}</table>{thinned}"
        f"{_render_months(score.tickets)}{_render_leads(score.leads)}"
        f"{_render_list('Missed', score.missed)}{_render_list('False', score.false)}"
    )


def _render_proportion(share: Proportion) -> str:
    said = html.escape(str(share))
    return f'<span class="few">{said}</span>' if share.is_small_sample else said


def _render_months(tickets: Sequence[DeskTicket]) -> str:
    """Tickets by month, as bars."""
    months: dict[str, int] = {}
    for ticket in tickets:
        name = datetime.fromtimestamp(ticket.opened, UTC).strftime("%Y-%m")
        months[name] = months.get(name, 0) + 1
    return _render_bars("Tickets by month", sorted(months.items()))


def _render_leads(leads: Sequence[float]) -> str:
    """Draw the lead times, in days, as bars."""
    bounds = (1, 2, 3, 5, 7, 10, 14, 21, 30)
    counts = dict.fromkeys((f"≤{bound} d" for bound in bounds), 0)
    for lead in leads:
        bound = next((it for it in bounds if lead <= it * DAY), bounds[-1])
        counts[f"≤{bound} d"] += 1
    return _render_bars("How early it was known", list(counts.items())) if leads else ""


def _render_bars(title: str, values: Sequence[tuple[str, int]]) -> str:
    if not values:
        return ""
    most, slot = max(count for _, count in values) or 1, (WIDTH - 2 * MARGIN) / len(values)
    parts = []
    for place, (name, count) in enumerate(values):
        tall = (HEIGHT - 2 * MARGIN) * count / most
        left, top = MARGIN + place * slot, HEIGHT - MARGIN - tall
        parts += [
            svg.element("rect", class_="bar", x=left, y=top, width=slot * 0.8, height=tall),
            svg.label(name, left, HEIGHT - MARGIN + 14),
            svg.label(str(count), left, top - 4),
        ]
    return _render_figure(title, "".join(parts))


def _render_sweep(sweep: Sequence[tuple[str, RuleScore]]) -> str:
    """Precision and recall over the swept value, as lines, with the numbers below."""
    slot = (WIDTH - 2 * MARGIN) / max(1, len(sweep) - 1)
    lines = []
    for colour, share in (("#4a7fb5", "precision"), ("#b5694a", "recall")):
        points = [
            (
                MARGIN + place * slot,
                HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (getattr(score, share).value or 0.0),
            )
            for place, (_, score) in enumerate(sweep)
        ]
        lines.append(svg.element("polyline", class_="line", stroke=colour, points=svg.points(points)))
        lines.append(svg.label(share, points[-1][0] - 40, points[-1][1] - 6))
    for place, (name, _) in enumerate(sweep):
        lines.append(svg.label(name, MARGIN + place * slot - 10, HEIGHT - MARGIN + 14))
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{len(score.firings)}</td><td>{_render_proportion(score.precision)}</td>"
        f"<td>{_render_proportion(score.recall)}</td></tr>"
        for name, score in sweep
    )
    table = f"<table><tr><th>value</th><th>tickets</th><th>precision</th><th>recall</th></tr>{rows}</table>"
    return f"<h2>Sweep</h2>{_render_figure('Precision and recall', ''.join(lines))}{table}"


def _render_figure(title: str, inner: str) -> str:
    drawing = svg.element("svg", inner, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title)
    return f"<h3>{html.escape(title)}</h3>{drawing}"


def _render_list(title: str, items: Sequence[Firing | ObservedEvent]) -> str:
    if not items:
        return ""
    rows = "".join(
        f"<tr><td>{_format_day(it.at if isinstance(it, ObservedEvent) else it.opened)}</td>"
        f"<td>{html.escape(it.device)}</td><td>{html.escape(it.subject or '')}</td>"
        f"<td>{html.escape(it.what if isinstance(it, ObservedEvent) else it.title)}</td></tr>"
        for it in items[:MAX_LISTED]
    )
    more = f"<p>… and {len(items) - MAX_LISTED} more</p>" if len(items) > MAX_LISTED else ""
    return f"<h3>{title}: {len(items)}</h3><table>{rows}</table>{more}"


def _format_day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
