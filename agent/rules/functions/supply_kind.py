"""supply.kind: what a supply is, in the trade's words, from prtMarkerSuppliesType and …Class (RFC 3805)."""

from collections.abc import Mapping

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

_TYPES: Mapping[str, str] = {  # the kind -> labels of PrtMarkerSuppliesTypeTC
    "toner": "toner tonerCartridge matteToner",
    "ink": "ink inkCartridge matteInk",
    "ribbon": "inkRibbon",
    "wax": "solidWax ribbonWax",
    "waste": "wasteToner wasteInk wasteWax wasteWater wastePaper",
    "drum": "opc",
    "developer": "developer",
    "fuser": "fuser fuserOil fuserOilWick fuserCleaningPad fuserOiler",
    "transfer": "transferUnit",
    "cleaner": "cleanerUnit coronaWire",
    "staples": "staples stitchingWire",
}
_KIND_OF = {label: kind for kind, labels in _TYPES.items() for label in labels.split()}

KIND = one_of(*_TYPES, "other")
PER = ("supply",)
EVIDENCE_TEXT = ""
READS = ("supplies",)
ROW_LOCAL = True


def read(asked: SignalQuery) -> SignalValue:
    supply = asked.subject.supply
    if supply is None:
        return None
    if supply.is_receptacle:
        return "waste"
    if supply.type in {None, "unknown"}:
        return None
    return _KIND_OF.get(supply.type or "", "other")
