"""device.supply_shortage: "low" or "empty" where a printer reports a toner or ink without saying which.

By the bits lowToner and noToner (RFC 2790), by alert rows, coded or not, unary or not, and by the words on
the panel. "empty" only where the printer says so by its bit, or stands while its words say so. "no" where
levels in numbers answer it, where one of those is low anyway, and where `supply.reported` names the supply,
at the same time or before; unknown until supplies and status were read. Titles may name {shortage} (the words
of it) and {short_supply} (the component).
"""

from collections.abc import Mapping

from agent.core.model import name_colours
from agent.rules.functions import _supply_reports
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of("no", "low", "empty")
PER = ("device",)
EVIDENCE_TEXT = ""
READS = ("status", "alerts", "supplies")
PLACEHOLDERS = ("shortage", "short_supply")


def read(asked: SignalQuery) -> SignalValue:
    facts = asked.facts
    if facts.supplies is None or facts.status is None:
        return None
    reports = _supply_reports.read_reports(facts)
    if not reports.leads_unnamed or not _supply_reports.may_be_any(facts):
        return "no"
    empty = any(one.shortage == "empty" for one in reports.unnamed)
    by_bit = _supply_reports.has_empty_bit(facts)
    return "empty" if by_bit or (empty and _supply_reports.is_stopped(facts)) else "low"


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    """The words of the report, and the component: the only supply that it can be about, else all of them."""
    texts = [one.text for one in _supply_reports.read_reports(asked.facts).unnamed if one.text]
    unmeasured = _supply_reports.list_unmeasured(asked.facts)
    component = "toner:any"
    if len(unmeasured) == 1:
        colour = name_colours(asked.facts.supplies or ())[unmeasured[0].index]
        component = f"{unmeasured[0].type}:{colour}"
    return {"shortage": next(iter(texts), "Toner or ink is low"), "short_supply": component}
