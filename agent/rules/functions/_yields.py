"""Shared by the signals about a cartridge's yield: its use a page beside its rated yield. Estimates."""

from agent.rules.functions import supply_days_left
from agent.rules.signals import SignalQuery

SEEN = frozenset({"measured", "coarse", "learned"})  # bases that rest on this printer's own cartridges


def find_use(asked: SignalQuery) -> float | None:
    """The use of a cartridge beside its rated yield: 2.0 where it lasts for half of the rated pages.

    None where the printer does not count the supply in pages, and where the use is not yet measured.
    """
    supply, found = asked.subject.supply, supply_days_left.find_forecast(asked)
    if supply is None or found is None or found.basis not in SEEN:
        return None
    if not isinstance(supply.max, int) or supply.max <= 100 or supply.unit not in {"impressions", "sheets"}:
        return None
    return found.use * supply.max
