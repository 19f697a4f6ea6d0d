"""Charts of a cartridge running down: for the terminal in characters, and as SVG. Pure: points in, text out.

The levels read so far, then the fan of the estimate: from P10 to P90, with the best estimate in between.
"""

from collections.abc import Sequence
from html import escape

from agent.core.model import SupplyForecast
from agent.core.svg import element, label
from agent.core.svg import points as corners

DAY = 86400.0
ROWS, COLUMNS = 10, 64
WIDTH, HEIGHT, MARGIN = 720.0, 280.0, 44.0

LevelPoints = Sequence[tuple[float, float]]  # (at, share left), by time


def draw_terminal(points: LevelPoints, made: SupplyForecast) -> list[str]:
    """Draw lines of text: levels read as blocks, the best estimate as dots, its interval as marks."""
    begin, end = time_range(points, made)
    cells = [[" "] * COLUMNS for _ in range(ROWS)]

    def to_column(at: float) -> int:
        return min(COLUMNS - 1, max(0, int((at - begin) / (end - begin) * COLUMNS)))

    now = to_column(made.at)
    for x in range(now + 1):
        level = _level_at(points, begin + (x + 0.5) / COLUMNS * (end - begin))
        for y in range(round(level * ROWS) if level is not None else 0):
            cells[ROWS - 1 - y][x] = "█"
    last = to_column(made.at + made.p50 * DAY)
    for x in range(now + 1, last + 1):
        left = made.left * (last - x) / max(1, last - now)
        cells[min(ROWS - 1, ROWS - 1 - int(left * ROWS - 1e-9))][x] = "·"
    axis = ["─"] * COLUMNS
    for days, mark in ((made.p90, ")"), (made.p10, "("), (made.p50, "●")):
        axis[to_column(made.at + days * DAY)] = mark
    marks = {0: "100 %", ROWS // 2: " 50 %"}
    lines = [f"{marks.get(y, '')!s:>5} │{''.join(row)}".rstrip() for y, row in enumerate(cells)]
    return [*lines, f"  0 % └{''.join(axis)}"]


def draw_svg(title: str, points: LevelPoints, made: SupplyForecast) -> str:
    """Draw the same as SVG. `title` is plain text; it is escaped here."""
    begin, end = time_range(points, made)

    def line(name: str, spots: LevelPoints, **style: str | float) -> str:
        across, up = (WIDTH - 2 * MARGIN) / (end - begin), HEIGHT - 2 * MARGIN
        places = ((MARGIN + (at - begin) * across, HEIGHT - MARGIN - share * up) for at, share in spots)
        return element(name, points=corners(places), **style)

    start = (made.at, made.left)
    early, best, late = ((made.at + days * DAY, 0.0) for days in (made.p10, made.p50, made.p90))
    read = [(at, share) for at, share in points if at >= begin]
    caption = (
        f"estimate: empty in {made.p50:.0f} days, {made.p10:.0f} to {made.p90:.0f} with a chance of 80 %"
    )
    inner = (
        f"<title>{escape(title)}: {caption}</title>",
        label(title, MARGIN, 20, font_family="sans-serif", font_size=14),
        label(caption, MARGIN, HEIGHT - 12, font_family="sans-serif", font_size=12),
        line("polyline", [(begin, 0.0), (end, 0.0)], fill="none", stroke="#888"),
        line("polygon", [start, early, late], fill="#f2b84b", fill_opacity="0.35"),
        line("polyline", [start, best], fill="none", stroke="#b36b00", stroke_dasharray="5 4"),
        line("polyline", read, fill="none", stroke="#1f4e79", stroke_width=2),
    )
    head = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", "role": "img"}
    return element("svg", "\n" + "\n".join(inner) + "\n", **head) + "\n"


def time_range(points: LevelPoints, made: SupplyForecast) -> tuple[float, float]:
    """Return the span to draw: at most three times as far back as ahead."""
    end = made.at + max(1.0, made.p90) * DAY * 1.02
    first = points[0][0] if points else made.at - DAY
    return max(first, made.at - 3.0 * (end - made.at)), end


def _level_at(points: LevelPoints, at: float) -> float | None:
    """Return the level valid at `at`."""
    found = None
    for when, share in points:
        if when > at:
            break
        found = share
    return found
