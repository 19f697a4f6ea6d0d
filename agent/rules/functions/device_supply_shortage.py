"""device.supply_shortage: "low" or "empty" where a printer reports a toner or ink without a number.

By the bits lowToner and noToner (RFC 2790), by alert rows that stand, coded or not, unary or not, and by the
words on the panel. "empty" only where the printer says so by its bit, or stands while its words say so.
"no" where levels in numbers answer it, where one of those is low anyway, and where `supply-low-by-alert` acts
on a coded row of the same time; unknown until supplies and status were read. Titles may name {shortage} (the
words) and {short_supply} (the component).
"""

from collections.abc import Iterator, Mapping

from agent.core import alert_codes
from agent.core.model import AlertKind, DeviceStatus, Episode, Facts, Supply, name_colours
from agent.rules.functions._supply_words import MATERIAL, Shortage, read_shortage
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of("no", "low", "empty")
PER = ("device",)
EVIDENCE_TEXT = ""
READS = ("status", "alerts", "supplies")
PLACEHOLDERS = ("shortage", "short_supply")

LOW_PERCENT = 10
ROW_DELAY = 3600.0  # s: a coded row that comes later than this after a bit does not take its place

_BITS: Mapping[str, Shortage] = {"noToner": "empty", "lowToner": "low"}
_MATERIALS = frozenset({
    "toner", "tonerCartridge", "matteToner", "ink", "inkCartridge", "matteInk", "inkRibbon", "solidWax",
    "ribbonWax",
})  # fmt: skip
_ROW_GROUPS = frozenset({"markerSupplies", "marker", "markerColorant"})
_GENERIC_CODES: Mapping[str, Shortage] = {"subunitAlmostEmpty": "low", "subunitEmpty": "empty"}
_CODES: Mapping[str, Shortage] = {
    "markerTonerEmpty": "empty", "markerInkEmpty": "empty", "markerPrintRibbonEmpty": "empty",
    "markerSupplyEmpty": "empty", "markerTonerAlmostEmpty": "low", "markerInkAlmostEmpty": "low",
    "markerPrintRibbonAlmostEmpty": "low", "markerSupplyAlmostEmpty": "low",
}  # fmt: skip
_WORDLESS = frozenset({None, 0, 1, 2})  # codes that mean nothing: the text decides


def read(asked: SignalQuery) -> SignalValue:
    facts = asked.facts
    if facts.supplies is None or facts.status is None:
        return None
    found = [shortage for shortage, _, _ in _reports(facts)]
    if not found or not _needs_words(facts) or _acts_by_row(facts):
        return "no"
    stands = facts.status.device is DeviceStatus.DOWN
    by_bit = "noToner" in (facts.status.errors or ())
    return "empty" if by_bit or (stands and "empty" in found) else "low"


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    """The words of the report, and the component: the only supply that it can be about, else all of them."""
    texts = [text for _, text, _ in _reports(asked.facts) if text]
    vague = [one for one in asked.facts.supplies or () if _is_material(one) and one.percent is None]
    if len(vague) == 1:
        colour = name_colours(asked.facts.supplies or ())[vague[0].index]
        component = f"{vague[0].type}:{colour}"
    else:
        component = "toner:any"
    return {"shortage": next(iter(texts), "Toner or ink is low"), "short_supply": component}


def _needs_words(facts: Facts) -> bool:
    """Tell if a supply has no number, and none with a number is low."""
    levels = [one.percent for one in facts.supplies or () if _is_material(one)]
    measured = [level for level in levels if level is not None]
    return (not levels or None in levels) and not any(level <= LOW_PERCENT for level in measured)


def _is_material(supply: Supply) -> bool:
    return supply.kind != "receptacle" and supply.type in _MATERIALS


def _reports(facts: Facts) -> Iterator[tuple[Shortage, str, float]]:
    """Yield each report of a shortage: its gravity, its words, and when it began."""
    status = facts.status
    for episode in facts.open_alerts or ():
        if episode.alert.kind is not AlertKind.STATE and (shortage := _row_shortage(episode)):
            yield shortage, episode.alert.text, episode.began
    for line in status.console if status else ():
        if shortage := read_shortage(line):
            yield shortage, line, facts.now
    for bit in (status.errors if status else None) or ():
        if bit in _BITS:
            yield _BITS[bit], "", facts.errors_since.get(bit, facts.now)


def _row_shortage(episode: Episode) -> Shortage | None:
    alert = episode.alert
    if alert.code in _WORDLESS:
        return read_shortage(alert.text)
    name = alert_codes.code_name(alert_codes.generic_code(alert.code))
    if name in _GENERIC_CODES and (alert.group in _ROW_GROUPS or MATERIAL.search(alert.text.casefold())):
        return _GENERIC_CODES[name]
    return _CODES.get(name)


def _acts_by_row(facts: Facts) -> bool:
    """Tell if a coded row of a condition stands that began no later than the other reports, or soon after."""
    rows = [
        episode.began
        for episode in facts.open_alerts or ()
        if episode.alert.kind is AlertKind.CONDITION
        and episode.alert.group in _ROW_GROUPS
        and episode.alert.code not in _WORDLESS
        and _row_shortage(episode)
    ]
    return bool(rows) and min(rows) <= min(began for _, _, began in _reports(facts)) + ROW_DELAY
