"""alert.waste: "almost_full" or "full" where an alert is about a waste container, "no" for any other alert.

By its code, unary or not, or by its words where the code means nothing. Titles and components may name
{waste_box}: the supply that the alert is about, or "waste:" and its place where no supply is listed for it.
"""

from collections.abc import Mapping

from agent.core import alert_codes
from agent.core.model import name_colours
from agent.rules.functions._supply_reports import find_rows
from agent.rules.functions._waste_words import WasteState, read_waste_state
from agent.rules.signals import SignalQuery
from agent.rules.subjects import locate_alert
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of("no", "almost_full", "full")
PER = ("alert",)
EVIDENCE_TEXT = ""
READS = ("alerts", "supplies")
PLACEHOLDERS = ("waste_box",)

_CODES: Mapping[str, WasteState] = {
    "markerWasteTonerReceptacleAlmostFull": "almost_full", "markerWasteTonerReceptacleFull": "full",
    "markerWasteInkReceptacleAlmostFull": "almost_full", "markerWasteInkReceptacleFull": "full",
    "markerWasteAlmostFull": "almost_full", "markerWasteFull": "full",
    "subunitAlmostFull": "almost_full", "subunitFull": "full",
}  # fmt: skip
_GROUPS = frozenset({"markerSupplies", "marker"})
_WORDLESS = frozenset({None, 0, 1, 2})  # codes that mean nothing: the text decides


def read(asked: SignalQuery) -> SignalValue:
    alert = asked.subject.alert
    if asked.facts.open_alerts is None or alert is None:
        return None
    if alert.code in _WORDLESS:
        return read_waste_state(alert.text) or "no"
    name = alert_codes.code_name(alert_codes.generic_code(alert.code))
    return _CODES.get(name, "no") if alert.group in _GROUPS else "no"


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    alert = asked.subject.alert
    if alert is None:
        return {}
    group, place = locate_alert(alert)
    boxes = [one for one in asked.facts.supplies or () if one.is_receptacle]
    named = find_rows(alert, boxes) if group == "markerSupplies" else []
    if len(found := named or boxes) != 1:
        return {"waste_box": f"waste:{place}"}
    colours = name_colours(asked.facts.supplies or ())
    return {"waste_box": f"{found[0].type}:{colours[found[0].index]}"}
