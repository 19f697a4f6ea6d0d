"""A row of the alert table is a condition, an event, or what a healthy printer says too."""

import pytest

from agent.collectors._printer_mib.alert_kinds import QUIET_CODES, classify_alert
from agent.collectors._printer_mib.resting_texts import is_resting_text
from agent.core.alert_codes import BASE_CODES
from agent.core.model import AlertKind, DeviceStatus, PrinterStatus, Status

IDLE = Status(device=DeviceStatus.RUNNING, printer=PrinterStatus.IDLE, errors=())
ASLEEP = Status(device=DeviceStatus.RUNNING, printer=PrinterStatus.OTHER, errors=())
LOW_TONER = Status(device=DeviceStatus.WARNING, printer=PrinterStatus.IDLE, errors=("lowToner",))
WARNED = Status(device=DeviceStatus.WARNING, printer=PrinterStatus.IDLE, errors=())
CALLING = Status(device=DeviceStatus.WARNING, printer=PrinterStatus.IDLE, errors=("serviceRequested",))
PRINTING = Status(device=DeviceStatus.RUNNING, printer=PrinterStatus.PRINTING, errors=())
DOWN = Status(device=DeviceStatus.DOWN, printer=PrinterStatus.OTHER, errors=("jammed",))
BINARY, UNARY, CRITICAL = "warningBinaryChangeEvent", "warning", "critical"
FIELD, NOBODY = "fieldService", "noInterventionRequired"


@pytest.mark.parametrize(
    ("story", "code", "severity", "training", "text", "status", "kind"),
    [
        ("a jam is a condition", 8, CRITICAL, None, "", DOWN, "condition"),
        ("a unary warning is an event", 807, UNARY, None, "", IDLE, "event"),
        ("a binary warning is a condition", 1104, BINARY, None, "", IDLE, "condition"),
        ("power up is a state, whatever its severity", 503, CRITICAL, "management", "", IDLE, "state"),
        ("1801 is a state", 1801, UNARY, NOBODY, "", IDLE, "state"),
        ("a stapler that was closed again", 30219, BINARY, None, "", IDLE, "state"),
        ("a stapler's motor", 30233, BINARY, FIELD, "", IDLE, "condition"),
        ("a cold fuser at rest", 1001, BINARY, "untrained", "", IDLE, "state"),
        ("a cold fuser asleep", 1001, BINARY, "untrained", "", ASLEEP, "state"),
        ("a cold fuser and low toner", 1001, BINARY, "untrained", "", LOW_TONER, "state"),
        ("a cold fuser that calls for service", 1001, BINARY, "untrained", "", CALLING, "condition"),
        ("a cold fuser while printing", 35, BINARY, None, "", PRINTING, "condition"),
        ("a cold fuser on a printer that is down", 35, BINARY, None, "", DOWN, "condition"),
        ("a cold fuser, critical", 35, CRITICAL, None, "", IDLE, "condition"),
        ("a cold fuser, and nothing known of the rest", 35, BINARY, None, "", None, "condition"),
        ("nobody has to act, and no code", 1, BINARY, NOBODY, "Toner ok", IDLE, "state"),
        ("a constant training does not hide a code", 1104, BINARY, NOBODY, "", IDLE, "condition"),
        ("Brother's dummy", 0, None, None, "Sleep", ASLEEP, "state"),
        ("Brother's dummy in German", 0, None, None, "Energiesparen", None, "state"),
        ("Brother's dummy with trouble in it", 0, None, None, "Paper Jam", DOWN, "condition"),
        ("Epson's Idle", 1, "other", "other", "Idle", LOW_TONER, "state"),
        ("critical and Ready at once", 1, CRITICAL, None, "Ready", DOWN, "condition"),
        ("no code, no words, at rest", 2, "other", None, "", IDLE, "state"),
        ("no code, no words, warned of something", 2, "other", None, "", WARNED, "condition"),
        ("no code, no words, at work", 2, "other", None, "", PRINTING, "condition"),
        ("no code, no words, in trouble", 2, "other", None, "", DOWN, "condition"),
        ("no code, no words, status not known", 2, "other", None, "", None, "condition"),
        ("a word cannot overrule a code", 8, BINARY, None, "Ready", IDLE, "condition"),
        ("words with more to say", 1, "other", None, "Ready, but tray 2 is empty", IDLE, "condition"),
    ],
)
def test_a_row_is_a(story, code, severity, training, text, status, kind):
    assert classify_alert(code, severity=severity, training=training, text=text, status=status) is AlertKind(
        kind
    ), story


@pytest.mark.parametrize(
    "text",
    [
        "Sleep", "Sleeping...", "Sleep Mode", "Deep Sleep", "READY", "Ready to print", "Ready for paper",
        "Power Save", "Energy saving mode", "Standby", "Stand-by", "Warming up", "deleted", "Idle",
        "Bereit", "Energiesparmodus", "Ruhezustand", "Aufwärmen", "Prêt", "En veille", "Économie d'énergie",
        "Lista", "En espera", "Ahorro de energía", "Pronto", "Risparmio energia", "Em espera", "Gereed",
        "Slaapstand", "Gotowa", "Uśpienie", "Oszczędzanie energii", "Připravena", "Režim spánku",
        "スリープ", "スリープモード", "待機中", "省エネモード", "印刷できます", "ウォームアップ中", "Готов",
    ],
)  # fmt: skip
def test_panels_at_rest_say(text):
    assert is_resting_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Jam", "Papierstau", "Ink is low.", "Not ready", "Wrong file format", "Door open", "Bereit: Fach 2 leer",
        "Sleep failed", "Toner empty", "トナー切れ",
    ],
)  # fmt: skip
def test_panels_in_trouble_do_not(text):
    assert not is_resting_text(text)


def test_every_quiet_code_is_a_code():
    assert set(BASE_CODES) >= QUIET_CODES
