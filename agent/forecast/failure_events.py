"""Which part an alert speaks of: by code and group (RFC 3805, PrtAlertCodeTC), by words only last.

A jam says where the paper stopped, and that is a part that moves or heats it. The words of a path are
read only to tell the units along it apart: their group index is the vendor's own.
"""

from collections.abc import Mapping
from enum import StrEnum

from agent.core.model import Alert


class Trouble(StrEnum):
    JAM = "jam"
    FAULT = "fault"  # one that names the part, and from which the printer recovered
    END = "end"  # the part failed for good or was replaced: what follows is about another


_FAULTS: Mapping[str, str] = {
    "inputMediaTrayFeedError": "roller",
    "inputPickRollerFailure": "roller",
    "fuserUnderTemperature": "fuser",
    "markerFuserUnderTemperature": "fuser",
    "markerFuserOverTemperature": "fuser",
    "markerFuserTimingFailure": "fuser",
    "markerFuserThermistorFailure": "fuser",
}
_ANYWHERE: Mapping[str, Trouble] = {  # what it says of depends on where it is
    "jam": Trouble.JAM,
    "subunitRecoverableFailure": Trouble.FAULT,
    "subunitUnderTemperature": Trouble.FAULT,
    "subunitUnrecoverableFailure": Trouble.END,
}
_GROUPS: Mapping[str | None, str] = {"input": "roller", "fuser": "fuser", "transferUnit": "transfer"}
_ENDS: Mapping[str, str] = {
    "inputMediaTrayFeedFailure": "roller",
    "markerOpcLifeOver": "drum",
}
_COLD = {"markerFuserUnderTemperature", "subunitUnderTemperature"}
"""Codes 1001 and 35: healthy printers carry them while they sleep and wake (Kyocera); a fault if critical."""

WORDS: Mapping[str, str] = {
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


def trouble(alert: Alert) -> tuple[str, Trouble] | None:
    """(part, what it met): ("roller 2", JAM), ("fuser 1", FAULT); None for what is no wear."""
    name = alert.name
    if name in _COLD and alert.severity != "critical":
        return None
    if name in _ENDS:
        return _numbered(_ENDS[name], alert), Trouble.END
    if name in _FAULTS:
        return _numbered(_FAULTS[name], alert), Trouble.FAULT
    met = _ANYWHERE.get(name)
    part = unit(alert) if met else None
    return (_numbered(part, alert), met) if part and met else None


def unit(alert: Alert) -> str | None:
    """The kind of part that an alert's group, or else its words, speak of."""
    if alert.group in _GROUPS:
        return _GROUPS[alert.group]
    if alert.group not in {"marker", "mediaPath", "markerSupplies"}:
        return None
    said = alert.text.lower()
    return next((part for word, part in WORDS.items() if word in said), None)


def _numbered(part: str, alert: Alert) -> str:
    """A tray has rollers of its own; of the other parts a printer has one."""
    row = alert.group_index
    return f"{part} {row if part == 'roller' and row is not None and row > 0 else 1}"
