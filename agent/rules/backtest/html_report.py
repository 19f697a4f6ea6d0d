"""A backtest as one HTML file: numbers, plots and lists, without anything from elsewhere."""

import html
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.core import svg
from agent.rules.backtest.scoring import Event, Firing, Score, Share

WIDE, HIGH, EDGE = 640, 180, 34
DAY = 86400.0
LISTED = 200

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #222 } table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .2rem .8rem .2rem 0; text-align: left } th { border-bottom: 1px solid #999 }
svg { max-width: 100%; height: auto } .few { color: #a40 } .bar { fill: #4a7fb5 }
text { font: 11px system-ui, sans-serif; fill: #555 } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { body { background: #181a1b; color: #ddd } text { fill: #aaa } }
"""


def page(
    scores: Sequence[Score], *, since: float, until: float, sweep: Sequence[tuple[str, Score]] = ()
) -> str:
    """The whole page."""
    body = [f"<p>{_day(since)} to {_day(until)}</p>", *map(_rule, scores)]
    if sweep:
        body.append(_sweep(sweep))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Backtest</title><style>{STYLE}</style><h1>Backtest</h1>{''.join(body)}</html>\n"
    )


def _rule(score: Score) -> str:
    lead = score.lead
    rows = [
        ("Tickets", f"{len(score.firings)} ({score.rate:.3f} for each printer and month)"),
        ("Precision", _share(score.precision) if score.judged else "nothing to compare with"),
        ("Recall", _share(score.recall) if score.judged else "nothing to compare with"),
        ("Lead", f"median {lead[1] / DAY:.1f} days, a quarter under {lead[0] / DAY:.1f}" if lead else "–"),
        ("Flaps", f"{score.flaps} opened again within a day"),
        ("Not judged yet", f"{score.unended} whose time is not over"),
    ]
    table = "".join(f"<tr><td>{name}</td><td>{said}</td></tr>" for name, said in rows)
    thinned = "<p>Partly judged on page counters of one reading a day.</p>" if score.thinned else ""
    return (
        f"<h2>{html.escape(score.rule)}</h2><table>{table}</table>{thinned}"
        f"{_months(score.firings)}{_leads(score.leads)}"
        f"{_list('Missed', score.missed)}{_list('False', score.false)}"
    )


def _share(share: Share) -> str:
    said = html.escape(str(share))
    return f'<span class="few">{said}</span>' if share.few else said


def _months(firings: Sequence[Firing]) -> str:
    """Tickets by month, as bars."""
    months: dict[str, int] = {}
    for firing in firings:
        name = datetime.fromtimestamp(firing.opened, UTC).strftime("%Y-%m")
        months[name] = months.get(name, 0) + 1
    return _bars("Tickets by month", sorted(months.items()))


def _leads(leads: Sequence[float]) -> str:
    """How early it was known, in days, as bars."""
    bounds = (1, 2, 3, 5, 7, 10, 14, 21, 30)
    counts = dict.fromkeys((f"≤{bound} d" for bound in bounds), 0)
    for lead in leads:
        bound = next((it for it in bounds if lead <= it * DAY), bounds[-1])
        counts[f"≤{bound} d"] += 1
    return _bars("How early it was known", list(counts.items())) if leads else ""


def _bars(title: str, values: Sequence[tuple[str, int]]) -> str:
    if not values:
        return ""
    most, slot = max(count for _, count in values) or 1, (WIDE - 2 * EDGE) / len(values)
    parts = []
    for place, (name, count) in enumerate(values):
        tall = (HIGH - 2 * EDGE) * count / most
        left, top = EDGE + place * slot, HIGH - EDGE - tall
        parts += [
            svg.element("rect", class_="bar", x=left, y=top, width=slot * 0.8, height=tall),
            svg.label(name, left, HIGH - EDGE + 14),
            svg.label(str(count), left, top - 4),
        ]
    return _figure(title, "".join(parts))


def _sweep(sweep: Sequence[tuple[str, Score]]) -> str:
    """Precision and recall over the swept value, as lines, with the numbers below."""
    slot = (WIDE - 2 * EDGE) / max(1, len(sweep) - 1)
    lines = []
    for colour, share in (("#4a7fb5", "precision"), ("#b5694a", "recall")):
        points = [
            (EDGE + place * slot, HIGH - EDGE - (HIGH - 2 * EDGE) * (getattr(score, share).value or 0.0))
            for place, (_, score) in enumerate(sweep)
        ]
        lines.append(svg.element("polyline", class_="line", stroke=colour, points=svg.points(points)))
        lines.append(svg.label(share, points[-1][0] - 40, points[-1][1] - 6))
    for place, (name, _) in enumerate(sweep):
        lines.append(svg.label(name, EDGE + place * slot - 10, HIGH - EDGE + 14))
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{len(score.firings)}</td><td>{_share(score.precision)}</td>"
        f"<td>{_share(score.recall)}</td></tr>"
        for name, score in sweep
    )
    table = f"<table><tr><th>value</th><th>tickets</th><th>precision</th><th>recall</th></tr>{rows}</table>"
    return f"<h2>Sweep</h2>{_figure('Precision and recall', ''.join(lines))}{table}"


def _figure(title: str, inner: str) -> str:
    drawing = svg.element("svg", inner, viewBox=f"0 0 {WIDE} {HIGH}", role="img", aria_label=title)
    return f"<h3>{html.escape(title)}</h3>{drawing}"


def _list(title: str, items: Sequence[Firing | Event]) -> str:
    if not items:
        return ""
    rows = "".join(
        f"<tr><td>{_day(it.at if isinstance(it, Event) else it.opened)}</td>"
        f"<td>{html.escape(it.device)}</td><td>{html.escape(it.subject or '')}</td>"
        f"<td>{html.escape(it.what if isinstance(it, Event) else it.title)}</td></tr>"
        for it in items[:LISTED]
    )
    more = f"<p>… and {len(items) - LISTED} more</p>" if len(items) > LISTED else ""
    return f"<h3>{title}: {len(items)}</h3><table>{rows}</table>{more}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
