"""The part that an alert concerns: by code and group (RFC 3805, PrtAlertCodeTC), last by its words.

A jam gives the place where the paper stopped: a part that moves or heats it. The words are read only to
separate the units along a paper path: their group index is the vendor's own.
"""

from collections.abc import Mapping
from enum import StrEnum

from agent.core.model import Alert


class TroubleKind(StrEnum):
    JAM = "jam"
    FAULT = "fault"  # a fault of a named part, from which the printer recovered
    END = "end"  # the part failed for good or was replaced: later alerts concern another


_FAULT_PARTS: Mapping[str, str] = {
    "inputMediaTrayFeedError": "roller",
    "inputPickRollerFailure": "roller",
    "fuserUnderTemperature": "fuser",
    "markerFuserUnderTemperature": "fuser",
    "markerFuserOverTemperature": "fuser",
    "markerFuserTimingFailure": "fuser",
    "markerFuserThermistorFailure": "fuser",
}
_KINDS_BY_CODE: Mapping[str, TroubleKind] = {  # the part depends on the group
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
    """Return (part, trouble): ("roller 2", JAM), ("fuser 1", FAULT); None if it is not about wear."""
    name = alert.name
    if name in _COLD_FUSER_CODES and alert.severity != "critical":
        return None
    if name in _END_PARTS:
        return _number_part(_END_PARTS[name], alert), TroubleKind.END
    if name in _FAULT_PARTS:
        return _number_part(_FAULT_PARTS[name], alert), TroubleKind.FAULT
    kind = _KINDS_BY_CODE.get(name)
    part = find_part_kind(alert) if kind else None
    return (_number_part(part, alert), kind) if part and kind else None


def find_part_kind(alert: Alert) -> str | None:
    """Find the kind of part by the alert's group, or else by its words."""
    if alert.group in _GROUP_PARTS:
        return _GROUP_PARTS[alert.group]
    if alert.group not in {"marker", "mediaPath", "markerSupplies"}:
        return None
    text = alert.text.lower()
    return next((part for word, part in PART_WORDS.items() if word in text), None)


def _number_part(part: str, alert: Alert) -> str:
    """Number a part: rollers by their tray; every other part is the only one of its kind."""
    row = alert.group_index
    return f"{part} {row if part == 'roller' and row is not None and row > 0 else 1}"
