"""The scorer's figures as the tables of docs/benchmarks.md, written between two marks and nowhere else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

BEGIN, END = "<!-- foresight: written by benchmarks/foresight.py -->", "<!-- foresight: end -->"

Figures = Mapping[str, float | None]

SUPPLY: Mapping[str, tuple[str, ...]] = {
    "MAE 14/7/3 d": ("mae14", "mae7", "mae3"),
    "answered": ("answered",),
    "cover": ("cover",),
    "by gauge": ("least", "most"),
    "three-state": ("three",),
    "missed": ("missed",),
    "false": ("false",),
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "failed in 30 d": ("failed",),
    "worn": ("worn",),
    "recall": ("recall",),
    "tickets": ("tickets",),
    "lead": ("lead",),
}
FORMS = {
    "answered": "{:.3f}",
    "three": "{:.1f}",
    "missed": "{:.1f} %",
    "false": "{:.1f} %",
    "tickets": "{:.3f}",
    "lead": "{:.1f} d",
}


def figures(near: Mapping[str, Any], far: Mapping[str, Any]) -> dict[str, float | None]:
    """What the scorer said with horizons of 30 and of 90 days, one number a name; None where it said none."""
    supply, fails, later = near.get("supply"), near.get("failures", {}), far.get("failures", {})
    return {
        **(_supplies(near, supply) if supply else {}),
        "failed": fails.get("precision"),
        "worn": fails.get("precision_worn"),
        "recall": later.get("recall_pre"),
        "tickets": fails.get("tickets_dev_month"),
        "lead": later.get("lead_med"),
    }


def _supplies(near: Mapping[str, Any], supply: Mapping[str, Any]) -> dict[str, float | None]:
    leads = {days: supply[days] for days in ("14", "7", "3")}
    covers = [
        mean([lead["cover"] for lead in near[name].values() if lead["cover"] is not None])
        for name in near
        if name.startswith("supply_")
    ]
    return {
        **{f"mae{days}": it["mae"] for days, it in leads.items()},
        "answered": mean([it["answered"] for it in leads.values()]),
        "cover": mean([it["cover"] for it in leads.values()]),
        "least": min(covers),
        "most": max(covers),
        "three": near.get("supply_tri", {}).get("14", {}).get("mae"),
        "missed": 100 * supply["alert5"]["missed"],
        "false": 100 * supply["alert5"]["false"],
    }


def means(found: Sequence[Figures]) -> dict[str, float | None]:
    """The mean of each figure over those that have it."""
    told = {name: [it[name] for it in found if it[name] is not None] for name in found[0]}
    return {name: mean([float(it) for it in them if it is not None]) for name, them in told.items() if them}


def mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def cells(found: Figures, columns: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for title, names in columns.items():
        between = "-" if title == "by gauge" else " / "
        yield between.join(_cell(name, found.get(name)) for name in names)


def _cell(name: str, value: float | None) -> str:
    return "-" if value is None else FORMS.get(name, "{:.2f}").format(value)


def table(
    heads: Sequence[str],
    rows: Iterable[tuple[Sequence[str], Figures]],
    *columns: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    """A table in Markdown: `heads` name the first cells of each row, `columns` what follows."""
    every = {title: names for some in columns for title, names in some.items()}
    yield "| " + " | ".join((*heads, *every)) + " |"
    yield "|---" * (len(heads) + len(every)) + "|"
    for first, found in rows:
        yield "| " + " | ".join((*first, *cells(found, every))) + " |"


def written(text: str, section: str) -> str:
    """`text` with `section` between the marks, and every other line as it was."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"nowhere to write: it takes one line {BEGIN!r} and, after it, one line {END!r}")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{section.strip()}\n\n{END}{rest.split(END)[1]}"
