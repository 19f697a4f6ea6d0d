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

import re

from agent.core.alert_codes import generic_code
from agent.core.model import AlertKind, DeviceStatus, PrinterStatus, Status
from agent.core.text import fold_case

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

_RESTING_TEXTS = r"""
    (now\ )?ready (\ (for|to)\ (paper|print|printing|copy))?  | idle | online | deleted | normal | ok
    | (in\ )? (deep\ )? sleep (ing)? (\ mode)? | (power|energy)[\ -]?sav(e|er|ing) (\ mode)? | stand-?by
    | (warming|warm)[\ -]?up | please\ wait | (auto)?\ ?off
    | bereit | betriebsbereit | druckbereit | ruhezustand | (im\ )?(ruhe|schlaf)modus | schlaf
    | energiespar(en|modus|betrieb)? | aufwärmen | wärmt\ auf | (im\ )?leerlauf
    | prête? | (en\ )?veille | économie\ d['’\ ]énergie | en\ attente | préchauffage | inactif
    | list[oa] | preparad[oa] | en\ espera | (modo\ )?(reposo|ahorro(\ de\ energía)?) | inactiv[oa]
    | calentando
    | pront[oa] | (in\ )?(riposo|attesa) | risparmio\ energ(ia|etico) | riscaldamento | inattiv[oa]
    | em\ (espera|repouso) | (modo\ )?(suspensão|poupança(\ de\ energia)?|economia\ de\ energia) | aquecendo
    | gereed | klaar | slaap (stand)? | energiebesparing | (bezig\ met\ )?opwarmen | inactief
    | gotow[yae] | (tryb\ )?(uśpienia|czuwania) | uśpienie | oszczędzanie\ energii | nagrzewanie
    | připraven[aoý]? | (režim\ )?spánku | úspora\ energie | zahřívání | nečinn[ýáé]
    | klar | redo | vila | valmis | lepotila | kész | hazır | uyku
    | スリープ (モード|中)? | レディー? | 待機中? | 省 (エネ|電力) (モード|中)? | 準備完了
    | 印刷 (可能|できます) | 予熱中? | ウォームアップ中?
    | 節電 (モード|中)? | 低電力 (モード)? | 休止 (中|状態)?
    | (進入)?睡眠 (模式|中|状态|狀態)? | 休眠 (模式|中|状态)? | (深度)?休眠 | 节能 (模式|状态|中)?
    | 節能 (模式|狀態|中)?
    | 省电 (模式)? | 省電 (模式)? | 待机 (模式|中)? | (准备|打印)?就绪 | (準備|列印)?就緒 | 准备就绪
    | 预热中? | 預熱中?
    | 절전 (\ ?모드|\ 중)? | 대기 (\ ?모드|\ 중)? | (인쇄\ )?준비 (\ ?완료|됨|\ 중)?
    | (슬립|수면) (\ ?모드)? | 예열 (\ 중)?
    | готов[оа]? (\ к\ (печати|работе))? | ожидание | (режим\ )? (сна|ожидания|энергосбережения)
    | спящий\ режим | сон
    | энергосбережение | прогрев | разогрев | готовий | режим\ сну | сплячий\ режим
    | (uyku|bekleme) (\ modu)? (nda)? | beklemede | uyuyor | (güç|enerji)\ tasarrufu (\ modu)? | ısınıyor
    | (stan\ |tryb\ )?(czuwania|oczekiwania) | oczekiwanie | tryb\ oszczędzania\ energii | trwa\ nagrzewanie
    | viloläge | energisparläge | dvale (tilstand)? | hvile (modus)? | strømspare (tilstand|modus)
    | virransäästö (tila)?
    | alvó\ (mód|állapot) | energiatakarékos (\ mód)? | repaus | gata | αναστολή (\ λειτουργίας)?
    | έτοιμο[ςη]? | αναμονή
"""
RESTING_TEXT = re.compile(fold_case(_RESTING_TEXTS), re.VERBOSE)
"""The texts that panels show when nothing is wrong, in the languages of panels; folded."""


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


def is_resting_text(text: str) -> bool:
    """Tell if the whole text, not a part of it, is one that a resting printer shows."""
    return RESTING_TEXT.fullmatch(fold_case(text).strip(" .…!:;-*")) is not None
