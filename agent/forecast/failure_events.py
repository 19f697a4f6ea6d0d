"""Which part an alert speaks of: by code and group (RFC 3805, PrtAlertCodeTC), by words only last.

A jam says where the paper stopped, and that is a part that moves or heats it. The words of a path are
read only to tell the units along it apart: their group index is the vendor's own.
"""

from collections.abc import Mapping
from enum import StrEnum

from agent.core.model import Alert


class TroubleKind(StrEnum):
    JAM = "jam"
    FAULT = "fault"  # one that names the part, and from which the printer recovered
    END = "end"  # the part failed for good or was replaced: what follows is about another


_FAULT_PARTS: Mapping[str, str] = {
    "inputMediaTrayFeedError": "roller",
    "inputPickRollerFailure": "roller",
    "fuserUnderTemperature": "fuser",
    "markerFuserUnderTemperature": "fuser",
    "markerFuserOverTemperature": "fuser",
    "markerFuserTimingFailure": "fuser",
    "markerFuserThermistorFailure": "fuser",
}
_KINDS_BY_CODE: Mapping[str, TroubleKind] = {  # what it says of depends on where it is
    "jam": TroubleKind.JAM,
    "subunitRecoverableFailure": TroubleKind.FAULT,
    "subunitUnderTemperature": TroubleKind.FAULT,
    "subunitUnrecoverableFailure": TroubleKind.END,
}
_GROUP_PARTS: Mapping[str | None, str] = {"input": "roller", "fuser": "fuser", "transferUnit": "transfer"}
_END_PARTS: Mapping[str, str] = {
    "inputMediaTrayFeedFailure": "roller",
    "markerOpcLifeOver": "drum",
}
_COLD_FUSER_CODES = {"markerFuserUnderTemperature", "subunitUnderTemperature"}
"""Codes 1001 and 35: healthy printers carry them while they sleep and wake (Kyocera); a fault if critical."""

PART_WORDS: Mapping[str, str] = {
    "fus": "fuser",
    "fix": "fuser",
    "transfer": "transfer",
    "belt": "transfer",
    "calibration": "transfer",
    "drum": "drum",
    "imag": "drum",
    "photo": "drum",
    "opc": "drum",
}


def find_trouble(alert: Alert) -> tuple[str, TroubleKind] | None:
    """(part, what it met): ("roller 2", JAM), ("fuser 1", FAULT); None for what is no wear."""
    name = alert.name
    if name in _COLD_FUSER_CODES and alert.severity != "critical":
        return None
    if name in _END_PARTS:
        return _number_part(_END_PARTS[name], alert), TroubleKind.END
    if name in _FAULT_PARTS:
        return _number_part(_FAULT_PARTS[name], alert), TroubleKind.FAULT
    met = _KINDS_BY_CODE.get(name)
    part = find_part_kind(alert) if met else None
    return (_number_part(part, alert), met) if part and met else None


def find_part_kind(alert: Alert) -> str | None:
    """The kind of part that an alert's group, or else its words, speak of."""
    if alert.group in _GROUP_PARTS:
        return _GROUP_PARTS[alert.group]
    if alert.group not in {"marker", "mediaPath", "markerSupplies"}:
        return None
    said = alert.text.lower()
    return next((part for word, part in PART_WORDS.items() if word in said), None)


def _number_part(part: str, alert: Alert) -> str:
    """A tray has rollers of its own; of the other parts a printer has one."""
    row = alert.group_index
    return f"{part} {row if part == 'roller' and row is not None and row > 0 else 1}"
