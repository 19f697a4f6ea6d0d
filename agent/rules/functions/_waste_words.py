"""Words of panels and alerts for a waste container that is full or almost full, in the languages of panels.

Sources: prtAlertCode's names (RFC 3805) for the English words; no source was found for the others: they are
the own words of these languages.
"""

import re
from typing import Literal

from agent.core.text import fold_case

WasteState = Literal["almost_full", "full"]

_WASTE = r"""
    waste | used\ toner | rest(?:toner|tinte) | alttoner | tonerabfall | (?:toner|encre)\ usage |
    recuperat | residu |
    toner\ di\ scarto | recupero | scarto | usado | afval | toneropsam | overskuds | zuzyt | odpadn |
    hulladek |
    использован | отработ | atik\ toner | 廃 | 废 | 廢 | 回収 | 폐 | maintenance\ box
"""
_ALMOST = r"""
    almost | near | \bsoon\b | fast\b | beinahe | \bbald\b | presque | bientot | casi\b | quasi\b |
    quase\b | bijna |
    nastan | naesten | nesten | prawie | temer | majdnem | почти | скоро | neredeyse | yakinda | まもなく |
    間近 |
    即将 | 即將 | 将满 | 將滿 | 快满 | 곧 | 거의
"""
_FULL = r"""
    \bfull\b | \bend\b | \bvoll | \bplein | \bllen[oa] | \bpien[oa] | \bchei[oa] | \bvol\b | \bfull[ta]?\b |
    \bfyldt | \bpeln |
    \bpln[yaé]? | megtelt | \btele\b | полон | полн | заполн | dolu\b | doldu | 満 | いっぱい | 交換 | 满 |
    滿 | 가득 |
    찼 | replace | ersetzen | wechseln | remplace | reempla | sustitu | sostitui | substitu | vervang |
    byt\b | wymie |
    vymen | cserel | замен | degistir | 更换 | 更換 | 교체
"""
WASTE, ALMOST, FULL = (re.compile(fold_case(words), re.VERBOSE) for words in (_WASTE, _ALMOST, _FULL))


def read_waste_state(text: str) -> WasteState | None:
    """Tell if a text is about a waste container that is full or almost; None for any other text."""
    folded = fold_case(text)
    if not WASTE.search(folded) or not FULL.search(folded):
        return None
    return "almost_full" if ALMOST.search(folded) else "full"
