"""printer-state and printer-state-reasons (RFC 8011, 5.4.11 and 5.4.12) in the words of the Printer MIB.

marker-supply-low-warning   a keyword and how bad it is: -report, -warning, -error
media-jam                   without a suffix: an error if the printer stopped, else a warning
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.collectors._printer_mib.alert_kinds import classify_alert
from agent.collectors._printer_mib.labels import ERROR_BITS
from agent.core import alert_codes
from agent.core.model import Alert, DeviceStatus, PrinterStatus, Status

IDLE, PROCESSING, STOPPED = 3, 4, 5
NONE = "none"

_IPP_KEYWORDS = {  # keywords of RFC 8011 and PWG 5100.9 that are not the hyphenated label of the MIB
    "media-jam": 8, "media-low": 807, "media-empty": 808, "media-needed": 809, "input-tray-missing": 801,
    "output-tray-missing": 901, "output-area-almost-full": 902, "output-area-full": 903,
    "fuser-under-temp": 1001, "fuser-over-temp": 1002, "toner-empty": 1101, "toner-low": 1104,
    "marker-waste-almost-full": 1107, "marker-waste-full": 1109, "opc-near-eol": 1111,
    "opc-life-over": 1112, "developer-low": 1113, "developer-empty": 1114,
    "marker-supply-low": 1122, "marker-supply-empty": 1123, "marker-supply-missing": 1124,
    "deep-sleep": 23, "standby": 23, "hibernate": 23, "suspend": 23, "printer-nms-reset": 505,
}  # fmt: skip

_BITS = {
    "media-low": "lowPaper", "media-empty": "noPaper", "media-needed": "noPaper", "toner-low": "lowToner",
    "marker-supply-low": "lowToner", "marker-ink-almost-empty": "lowToner", "toner-empty": "noToner",
    "marker-supply-empty": "noToner", "marker-ink-empty": "noToner", "cover-open": "doorOpen",
    "door-open": "doorOpen", "interlock-open": "doorOpen", "media-jam": "jammed", "shutdown": "offline",
    "offline": "offline", "input-tray-missing": "inputTrayMissing",
    "output-tray-missing": "outputTrayMissing", "marker-supply-missing": "markerSupplyMissing",
    "marker-toner-cartridge-missing": "markerSupplyMissing", "output-area-almost-full": "outputNearFull",
    "output-area-full": "outputFull",
}  # fmt: skip
"""The bit of hrPrinterDetectedErrorState with the same meaning."""

_ASLEEP = frozenset({"deep-sleep", "standby", "hibernate", "suspend", "power-save", "sleep"})
_GROUPS = {5: "generalPrinter", 8: "input", 9: "output", 10: "marker", 11: "markerSupplies", 13: "mediaPath"}


class StateReason(NamedTuple):
    keyword: str
    severity: str | None  # "report", "warning", "error"; None: not given


def parse_reasons(keywords: Iterable[object]) -> list[StateReason]:
    """Parse the reasons in the list; "none" is no reason."""
    found = []
    for value in keywords:
        keyword = str(value).strip().casefold()
        if keyword and keyword != NONE:
            bare = re.sub(r"-(report|warning|error)$", "", keyword)
            found.append(StateReason(bare, keyword[len(bare) + 1 :] or None))
    return found


def build_status(state: int | None, why: list[StateReason] | None, message: str) -> Status | None:
    """Build the pair of statuses by RFC 3805, 2.2.13.2.1. `why` None: the printer has no such attribute."""
    if state is None and why is None and not message:
        return None
    bits = {bit for reason in why or () if (bit := _BITS.get(reason.keyword)) and reason.severity != "report"}
    asleep = any(reason.keyword in _ASLEEP for reason in why or ())
    warned = any(reason.severity != "report" and reason.keyword not in _ASLEEP for reason in why or ())
    return Status(
        device=_device_status(state, warned=warned),
        printer=_printer_status(state, asleep=asleep),
        errors=None if why is None else tuple(bit for bit in ERROR_BITS if bit in bits),
        console=(message,) if message else (),
    )


def _device_status(state: int | None, *, warned: bool) -> DeviceStatus | None:
    if state == STOPPED:
        return DeviceStatus.DOWN
    if state not in {IDLE, PROCESSING}:
        return None
    return DeviceStatus.WARNING if warned else DeviceStatus.RUNNING


def _printer_status(state: int | None, *, asleep: bool) -> PrinterStatus | None:
    if asleep or state == STOPPED:
        return PrinterStatus.OTHER
    return {IDLE: PrinterStatus.IDLE, PROCESSING: PrinterStatus.PRINTING}.get(state or 0)


def build_alerts(why: Iterable[StateReason], status: Status | None) -> Iterator[Alert]:
    """Build an alert of each reason; it stands as long as the reason is listed."""
    down = status is not None and status.device is DeviceStatus.DOWN
    for index, reason in enumerate(why, start=1):
        code = find_alert_code(reason.keyword)
        critical = reason.severity == "error" or (reason.severity is None and down)
        severity = "other" if reason.severity == "report" else "warningBinaryChangeEvent"
        text = reason.keyword.replace("-", " ")
        severity = "critical" if critical else severity
        yield Alert(
            index=index,
            unit=1,
            code=code,
            name=alert_codes.code_name(code),
            low_confidence=alert_codes.is_draft(code),
            group=_GROUPS.get((code or 0) // 100),
            severity=severity,
            text=text,
            kind=classify_alert(code, severity=severity, training=None, text=text, status=status),
        )


def find_alert_code(keyword: str) -> int | None:
    """Find the alert code of a keyword; None for a maker's own."""
    return _IPP_KEYWORDS.get(keyword) or _HYPHENATED.get(keyword)


def _hyphenate_label(label: str) -> str:
    """Hyphenate a label: "markerFuserTimingFailure" -> "marker-fuser-timing-failure"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", label).casefold()


_HYPHENATED = {_hyphenate_label(name): code for code, name in reversed([*alert_codes.CODE_NAMES.items()])}
