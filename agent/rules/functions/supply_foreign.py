"""supply.foreign: whether the printer says that a cartridge is not its maker's: refilled, counterfeit, …

By the words of prtMarkerSuppliesDescription and of open alerts about it (RFC 3805), in English and German.
False where the description carries a part number of the maker's and nothing says otherwise; unknown where
the printer is silent about it, which proves neither. Words are localised, and some firmware never tells.
"""

import re
from collections.abc import Iterator

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("supply",)
READS = ("supplies", "alerts")
FOREIGN_WORDING = re.compile(
    r"\bnon[- ]?(?:genuine|oem|original|hp|brother|canon|xerox|lexmark|kyocera|ricoh|epson|samsung|oki)\b"
    r"|\bnot (?:a )?genuine\b|\bcounterfeit\b|\brefill(?:ed)?\b|\bremanufactured\b|\bthird[- ]party\b"
    r"|\bcompatible (?:cartridge|toner|ink|supply)\b|\bused or counterfeit\b"
    r"|\bnicht[- ]?original|\bkein original|\bfremd(?:toner|tinte|patrone)|\bnachgef(?:ü|ue)llt",
    re.IGNORECASE,
)


def read(asked: SignalQuery) -> SignalValue:
    supply = asked.subject.supply
    if supply is None:
        return None
    if any(FOREIGN_WORDING.search(text) for text in _supply_texts(asked)):
        return True
    return False if supply.part_number else None


def _supply_texts(asked: SignalQuery) -> Iterator[str]:
    """The supply's own words, and those of open alerts about its row of the table."""
    supply = asked.subject.supply
    if supply is None:
        return
    yield supply.description
    row = supply.index.rpartition(".")[2]
    for episode in asked.facts.open_alerts or ():
        alert = episode.alert
        if alert.group == "markerSupplies" and str(alert.group_index) == row:
            yield alert.text
