"""Supplies and alerts of the model turned into the supply models and samples of the forecasts."""

from collections.abc import Collection, Iterable, Mapping

from agent.core.model import Alert, Supply, Vague
from agent.forecast.failure_events import PART_WORDS
from agent.forecast.supply_model import SupplyModel, SupplySample

_TONER = ("toner", "tonerCartridge", "matteToner")
_OTHER = ("ink", "inkCartridge", "matteInk", "inkRibbon", "solidWax", "ribbonWax")
CONSUMED_TYPES = frozenset((*_TONER, *_OTHER))
PART_TYPES: Mapping[str, str] = {"fuser": "fuser", "opc": "drum", "transferUnit": "transfer"}
_ALERT_PREFIXES, LOW_SUFFIXES, EMPTY_SUFFIXES = (
    ("marker", "subunit"),
    ("AlmostEmpty", "NearEnd"),
    ("Empty",),
)
_GROUPS = frozenset(("marker", "markerSupplies", "markerColorant"))


def build_supply_model(supply: Supply) -> SupplyModel | None:
    """Build the model of a supply; None for one that printing does not use up (waste, staples)."""
    if supply.is_receptacle:
        return None
    if part := find_part(supply):
        return SupplyModel(kin="part", part=part, rated=rated_pages(supply))
    if supply.type not in CONSUMED_TYPES:
        return None
    return SupplyModel(
        kin="black" if supply.colour in {"black", "unknown"} else "colour", rated=rated_pages(supply)
    )


def find_part(supply: Supply) -> str:
    """Find the part that a supply row stands for, like "fuser 1"; "" if it stands for no part."""
    kind = PART_TYPES.get(supply.type or "", "")
    text = supply.description.lower()
    if not kind and supply.type in {None, "other", "unknown"}:
        kind = (
            "roller"
            if "roller" in text
            else next((it for word, it in PART_WORDS.items() if word in text), "")
        )
    return f"{kind} 1" if kind else ""


def rated_pages(supply: Supply) -> float | None:
    """Return the rated yield in pages, if the printer counts the supply in impressions or sheets."""
    if isinstance(supply.max, int) and supply.max > 100 and supply.unit in {"impressions", "sheets"}:
        return float(supply.max)
    return None


def build_samples(
    supplies: Iterable[Supply], alerts: Iterable[Alert], slots: Collection[str]
) -> dict[str, SupplySample]:
    """Build the samples of the supplies in `slots`, with the alerts about their rows."""
    low, out = set(), set()
    for alert in alerts:
        if is_about_supply(alert):
            if alert.name.endswith(LOW_SUFFIXES):
                low.add(str(alert.group_index))
            elif alert.name.endswith(EMPTY_SUFFIXES):
                out.add(str(alert.group_index))
    return {supply.index: build_sample(supply, low, out) for supply in supplies if supply.index in slots}


def is_about_supply(alert: Alert) -> bool:
    """True if it is about a row of the supplies table, which it may call low or empty."""
    return alert.group in _GROUPS and alert.name.startswith(_ALERT_PREFIXES)


def build_sample(supply: Supply, low: set[str], out: set[str]) -> SupplySample:
    """Build the sample of one supply: its level as a share, or why there is none.

    `low`, `out`: the rows with alerts of that kind.
    """
    row = supply.index.rpartition(".")[2] if low or out else ""
    level = supply.level
    empty = level == 0 or row in out
    if not isinstance(level, int):
        return SupplySample(None, (level or Vague.UNKNOWN).value, row in low and not empty, empty)
    full = supply.capacity
    share = None
    if type(full) is int and full > 0:
        share = level / full if level < full else 1.0
    return SupplySample(share, "", row in low and not empty, empty)
