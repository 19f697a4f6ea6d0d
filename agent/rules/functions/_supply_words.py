"""Words of panels and alerts for a toner or ink that is low or empty, in the languages of panels.

Sources: Lexmark's PJL messages ("88 Toner Low", "Replace Toner"); HP's guides in Polish, Portuguese, Slovak,
Slovenian, Catalan, Norwegian and Indonesian (M428, M681, M601, M1120, CM4540, M4555); the panel of an
Epson LP-8800 in kana; "Ink is low." of an HP Designjet. No source was found for the others: they are the
own words of these languages.
"""

import re
from typing import Literal

from agent.core.text import fold_case

Shortage = Literal["low", "empty"]

_MATERIAL = r"""
    toner | tonerj | kartri[dc] | cartutx | crnil | skriverkassett | (?:tlac|tisk)ov\w*\ kazet |
    [cč]iern\w*\ kazet |
    cern\w*\ kazet | \bink\b | \binks\b | ink\s?cart | cartridge | tinte | patrone | kartusche | encre |
    cartouche | tinta | cartucho | inchiostro | cartuccia | \binkt | mureke?kep | kartus | blaek |
    varikasetti | variaine | \bmuste | atrament | tusz | festek | napln | トナー | インク | 墨粉 |
    碳粉 | 墨盒 |
    粉盒 | 墨水 | 토너 | 잉크 | 카트리지 | тонер | картридж | чернил
"""
_OTHER = r"""
    waste | rest(?:toner | tinte) | alttoner | recup | residu | scarto | usado | afval | \bdrum\b |
    trommel | tambour | tambor | tamburo | 廃 | 废 | 폐 | отработ | zuzyt | \bbox\b | genuine |
    original | counterfeit | incompatib | unsupported | \bwrong\b | falsch | cover | \bdoor\b |
    klappe | \bjam | error | fehler | fail | missing | fehlt | absent | insert | install | einsetzen
"""
_LOW = r"""
    \blow\b | nizk | hampir\ habis | rendah | \bbaix\b | lite\ igjen | スクナク |
    (?:almost | nearly | near)\ (?:empty | end | out) | near\s?end | running\ (?:low | out)
    | end(?:s | ing)?\ soon | \border\b | prepare | niedrig | fast\ leer | beinahe\ leer | wenig |
    zur\ neige | \bbald\b | bestellen | bereithalten | gering | faible | bientot | presque |
    \bbas(?:se)?\b | \bbaj[oa]\b | \bpoc[oa]\b | casi | agotandose | in\ esaurimento | quasi |
    \bbass[oa]\b | \bbaix[oa]\b | \bpouc[oa]\b | quase | acabando | bijna | weinig | \blaag\b |
    niski | \bmalo\b | konczy | dochazi | alacsony | \blavt?\b | \blagt?\b | vahissa | azaldi |
    \baz\b | dusuk | bitmek | 少 | 不足 | 残り | 残量 | 即将 | 将尽 | 부족 | 적음 | 거의 | мало |
    заканчива | низк
"""
_EMPTY = r"""
    \bempty\b | \bout\ of\b | replace | \bno\ (?:toner | ink)\b | depleted | exhausted | \bended\b |
    \bchange\b | \bend\b | leer\b | ersetzen | wechseln | tauschen | austausch | keine?\ (?:toner |
    tinte) | verbraucht | aufgebraucht | \bvide | remplace | changer | epuise | \bvaci[oa] |
    agotad[oa] | sustitu | reempla | cambi | esaurit[oa] | sostitui | vazi[oa] | substitu | troque |
    trocar | \bleeg\b | vervang | wymie | \bpust[yae]\b | vymen | prazdn | cserel | \bures\b |
    \btomt?\b | \bbytt?\b | udskift | vaihda | tyhja | bitti | degistir | 交換 | コウカン | なくな | 空 |
    用完 | 用尽 |
    更换 | 耗尽 | 교체 | 없음 | 없습니다 | замен | закончил | пуст
"""
MATERIAL, OTHER, LOW, EMPTY = (
    re.compile(fold_case(words), re.VERBOSE) for words in (_MATERIAL, _OTHER, _LOW, _EMPTY)
)
"""OTHER: parts that are no cartridge, and messages that are about more than what is left. All are folded."""


def read_shortage(text: str) -> Shortage | None:
    """Tell if a text is about a toner or ink that is low or empty; None for any other text."""
    folded = fold_case(text)
    if not MATERIAL.search(folded) or OTHER.search(folded):
        return None
    if LOW.search(folded):
        return "low"
    return "empty" if EMPTY.search(folded) else None
