"""What a printer reports of supplies without a number: by alert rows, by words on the panel, by error bits.

    row of the group markerSupplies ........... about the supply of that row
    row or words that name one supply ......... about that supply: they share a word that no other supply has
    other rows and words, error bits .......... about any of those without a number

A report about a supply that has a number is dropped, and with it the bits, which it explains. A row or word
that comes later than ROW_DELAY after an unnamed report is taken for the same shortage, once: no second order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agent.core import alert_codes
from agent.core.model import Alert, AlertKind, DeviceStatus, Facts, Supply, Vague
from agent.core.text import fold_case
from agent.rules.functions._supply_words import MATERIAL, Shortage, read_shortage

LOW_PERCENT = 10
ROW_DELAY = 3600.0  # s

BITS: Mapping[str, Shortage] = {"noToner": "empty", "lowToner": "low"}
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
_WORD = re.compile(r"[^\W\d_]{3,}")


class SupplyReport(NamedTuple):
    """One report of a shortage: its gravity, its words, when it began, and the supply that it names."""

    shortage: Shortage
    text: str
    began: float
    supply: str | None = None  # index; None: it names none


class SupplyReports(NamedTuple):
    """All reports about supplies without a number."""

    named: Mapping[str, Sequence[SupplyReport]]  # by the index of the supply, the oldest first
    unnamed: Sequence[SupplyReport]

    @property
    def leads_unnamed(self) -> bool:
        """True if an unnamed report stood for longer than ROW_DELAY when the first named one came."""
        if not self.unnamed or not self.named:
            return bool(self.unnamed)
        return min(one.began for one in self.unnamed) + ROW_DELAY < min(
            map(_first_began, self.named.values())
        )


def read_reports(facts: Facts) -> SupplyReports:
    """Collect the reports; none about a supply with a number, nor bits that such a one explains."""
    supplies = facts.supplies or ()
    unmeasured = {one.index for one in supplies if lacks_number(one)}
    found = [*_row_reports(facts), *_console_reports(facts)]
    measured = any(one.supply is not None and one.supply not in unmeasured for one in found)
    named: dict[str, list[SupplyReport]] = {}
    for one in sorted(found, key=lambda report: report.began):
        if one.supply in unmeasured and one.supply is not None:
            named.setdefault(one.supply, []).append(one)
    unnamed = [one for one in found if one.supply is None]
    return SupplyReports(named, unnamed if measured else [*unnamed, *_bit_reports(facts)])


def lacks_number(supply: Supply) -> bool:
    """Tell if it is used up and neither a number nor a maker's "low" says how far."""
    return not supply.is_receptacle and supply.percent is None and supply.vagueness is not Vague.LOW


def list_unmeasured(facts: Facts) -> list[Supply]:
    """List the toners and inks without a number."""
    return [one for one in facts.supplies or () if one.type in _MATERIALS and lacks_number(one)]


def may_be_any(facts: Facts) -> bool:
    """Tell if an unnamed report may be about a supply without a number: no other one is low anyway."""
    materials = [one for one in facts.supplies or () if one.type in _MATERIALS and not one.is_receptacle]
    is_low = any(
        one.vagueness is Vague.LOW or (one.percent is not None and one.percent <= LOW_PERCENT)
        for one in materials
    )
    return not is_low and (not materials or any(map(lacks_number, materials)))


def is_stopped(facts: Facts) -> bool:
    return facts.status is not None and facts.status.device is DeviceStatus.DOWN


def has_empty_bit(facts: Facts) -> bool:
    return facts.status is not None and "noToner" in (facts.status.errors or ())


def _first_began(reports: Iterable[SupplyReport]) -> float:
    return min(one.began for one in reports)


def _row_reports(facts: Facts) -> Iterator[SupplyReport]:
    for episode in facts.open_alerts or ():
        alert = episode.alert
        if alert.kind is not AlertKind.STATE and (shortage := _read_row(alert)):
            yield SupplyReport(shortage, alert.text, episode.began, _find_supply(alert, facts.supplies or ()))


def _console_reports(facts: Facts) -> Iterator[SupplyReport]:
    for line in facts.status.console if facts.status else ():
        if shortage := read_shortage(line):
            yield SupplyReport(shortage, line, facts.now, find_named(line, facts.supplies or ()))


def _bit_reports(facts: Facts) -> Iterator[SupplyReport]:
    for bit in (facts.status.errors if facts.status else None) or ():
        if bit in BITS:
            yield SupplyReport(BITS[bit], "", facts.errors_since.get(bit, facts.now))


def _read_row(alert: Alert) -> Shortage | None:
    if alert.code in _WORDLESS:
        return read_shortage(alert.text)
    name = alert_codes.code_name(alert_codes.generic_code(alert.code))
    if name in _GENERIC_CODES and (alert.group in _ROW_GROUPS or MATERIAL.search(alert.text.casefold())):
        return _GENERIC_CODES[name]
    return _CODES.get(name)


def _find_supply(alert: Alert, supplies: Sequence[Supply]) -> str | None:
    """Find the supply that an alert is about: of the row that it gives, else the one that its words name."""
    if alert.group == "markerSupplies" and alert.group_index is not None:
        here = find_rows(alert, supplies)
        if len(here) == 1:
            return here[0].index
    return find_named(alert.text, supplies)


def find_rows(alert: Alert, supplies: Sequence[Supply]) -> list[Supply]:
    """Find the supplies in the row that an alert gives: of its own printer, where one address has several."""
    row = str(alert.group_index)
    here = [one for one in supplies if one.index.rpartition(".")[2] == row]
    return [one for one in here if one.index == f"{alert.unit}.{row}"] or here


def find_named(text: str, supplies: Sequence[Supply]) -> str | None:
    """Find the only supply with a word of its own, from its description or colour, that is in `text`."""
    said = _split_words(text)
    words = {one.index: _split_words(f"{one.description} {one.colour}") for one in supplies}
    named = [
        index
        for index, own in words.items()
        if said & own.difference(*(other for at, other in words.items() if at != index))
    ]
    return named[0] if len(named) == 1 and len(supplies) > 1 else None


def _split_words(text: str) -> set[str]:
    return set(_WORD.findall(fold_case(text))) - {"unknown"}
