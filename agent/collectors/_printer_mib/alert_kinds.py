"""Classifies a row of the alert table: a condition, an event, or a state of a healthy printer.

Decided in this order, the surest first:

    1. codes that report rest or recovery .................... state
    2. fuser below temperature, and nothing wants to print ... state   (Kyocera keeps such rows for months)
    3. no specific code, but "no intervention" ............... state
    4. no specific code, and only resting words .............. state   (Brother "Sleep", Epson "Idle")
    5. no code, severity or words, on a printer that rests ... state
    6. severity warning(4): unary, may vanish at any time .... event
    7. everything else ....................................... condition

A critical row is never taken for a state by rules 2 to 5: a missed fault costs more than a row too many.
Training alone decides nothing where there is a specific code: firmware may fill it with a constant.
"""

from agent.collectors._printer_mib.resting_texts import is_resting_text
from agent.core.alert_codes import generic_code
from agent.core.model import AlertKind, DeviceStatus, PrinterStatus, Status

QUIET_CODES = frozenset({
    4, 6,  # coverClosed, interlockClosed
    19, 20, 23, 24, 25, 27,  # closed, turned on, power saver, warming up, added, resource added
    502, 503, 504, 505, 506, 507,  # door closed, power up and down, resets, ready to print
    1005,  # markerAdjustingPrintQuality
    1501, 1503, 1505,  # interpreter memory, cartridge, resource added
    1801,  # alertRemovalOfBinaryChangeEntry: says that another row has gone
})  # fmt: skip
COLD_FUSER_CODES = frozenset({35, 1001})  # subunitUnderTemperature, markerFuserUnderTemperature
UNSPECIFIC_CODES = frozenset({None, 0, 1, 2})  # no code, Brother's 0, other, unknown


def classify_alert(
    code: int | None, *, severity: str | None, training: str | None, text: str, status: Status | None
) -> AlertKind:
    """Classify one row; pure. `status` None means unknown, and is no evidence of rest."""
    if generic_code(code) in QUIET_CODES:
        return AlertKind.STATE
    if severity != "critical" and _is_state(code, severity, training, text, status):
        return AlertKind.STATE
    return AlertKind.EVENT if severity == "warning" else AlertKind.CONDITION


def _is_state(
    code: int | None, severity: str | None, training: str | None, text: str, status: Status | None
) -> bool:
    if code in COLD_FUSER_CODES:
        return _fuser_may_be_cold(status)
    if code not in UNSPECIFIC_CODES:
        return False
    if training == "noInterventionRequired":
        return True
    if text:
        return is_resting_text(text)
    return severity in {None, "other"} and _is_resting(status)


def _fuser_may_be_cold(status: Status | None) -> bool:
    """Tell if the printer is neither down nor printing nor calling for service: its fuser may be cold."""
    return (
        status is not None
        and status.device in {DeviceStatus.RUNNING, DeviceStatus.WARNING}
        and status.printer is not PrinterStatus.PRINTING
        and "serviceRequested" not in (status.errors or ())
    )


def _is_resting(status: Status | None) -> bool:
    """Tell if the printer runs without an error bit and does not print: asleep, idle or warming up."""
    return (
        status is not None
        and status.device is DeviceStatus.RUNNING
        and status.printer is not PrinterStatus.PRINTING
        and not status.errors
    )
