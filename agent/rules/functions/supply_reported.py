"""supply.reported: "low" or "empty" where the printer reports a supply that has no number, and names it.

By an alert row of its place in the table of supplies, coded or not, unary or not; by a row or words of the
panel that name it alone; or by the maker's own code for "low" in place of a level. "empty" only where the bit
noToner says so, or where the printer stands while its row says so. "no" where a number tells it, and where an
order for an unnamed cartridge (`device.supply_shortage`) is the same one.
"""

from collections.abc import Mapping

from agent.core.model import Vague
from agent.rules.functions import _supply_reports
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of("no", "low", "empty")
PER = ("supply",)
EVIDENCE_TEXT = ""
READS = ("status", "alerts", "supplies")
PLACEHOLDERS = ("report",)


def read(asked: SignalQuery) -> SignalValue:
    facts, supply = asked.facts, asked.subject.supply
    if supply is None or facts.supplies is None:
        return None
    if not supply.is_receptacle and supply.vagueness is Vague.LOW:
        return "low"
    reports = _supply_reports.read_reports(facts)
    own = reports.named.get(supply.index, ())
    if not own or (reports.leads_unnamed and supply.index == next(iter(reports.named))):
        return "no"
    empty = any(one.shortage == "empty" for one in own)
    by_bit = _supply_reports.has_empty_bit(facts) and len(reports.named) == 1
    return "empty" if by_bit or (empty and _supply_reports.is_stopped(facts)) else "low"


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    """The words of the report; of a maker's code, that it is low."""
    supply = asked.subject.supply
    if supply is None:
        return {}
    own = _supply_reports.read_reports(asked.facts).named.get(supply.index, ())
    name = supply.description or f"{supply.colour} {supply.type or 'supply'}"
    return {"report": next((one.text for one in own if one.text), f"{name} is low")}
