"""The texts that panels and alert rows show when nothing is wrong, each with where it was found.

A text counts only as a whole (see `is_resting_text`). Where no manual, reply or driver with it was found, the
source says so: these are the languages' own words for the states of the panels that are known from elsewhere.
"""

import re
from typing import NamedTuple

from agent.core.text import fold_case

UNSOURCED = "no source found"
REPLIES = "replies of printers: public walks of HP, Epson, Brother and Kyocera"
BROTHER = "replies of Brother printers in the tests of bieniu/brother"
SAMSUNG = "panels of Samsung printers, in language.py of nielstron/pysyncthru"


class RestingTexts(NamedTuple):
    """Texts of one language (ISO 639-1) and one source, as a verbose regular expression."""

    language: str
    source: str
    pattern: str


RESTING_TEXTS = (
    RestingTexts("en", REPLIES, r"ready(\ for\ paper)? | idle | deleted | sleep(ing)?"),
    RestingTexts("en", BROTHER, r"sleep(\ mode)?"),
    RestingTexts("en", SAMSUNG, r"""
        ready\ to\ copy | warming\ up([.]\ please\ wait)? | calibrating[.\ ]*please\ wait"""),
    RestingTexts(
        "en", "HP LaserJet messages, albiontechsupport.blogspot.com/2013/06",
        r"ready | warming\ up | checking\ printer"
    ),
    RestingTexts("en", UNSOURCED, r"""
        (now\ )?ready (\ to\ (print|scan) | \ for\ (print|printing|copy))? | online | normal | ok
      | (in\ )? (deep\ )? sleep (ing)? (\ mode)? (\ on)?
      | (power|energy)[\ -]?sav(e|er|ing) (\ mode)? (\ on)?
      | hibernat(e|ing|ion) | eco\ mode | low\ power (\ mode)? | stand-?by
      | (warming|warm)[\ -]?up | please\ wait | (auto)?\ ?off"""),
    RestingTexts("de", SAMSUNG, r"sparbetrieb | bereit:\ kopie"),
    RestingTexts("de", "Checkmk, the check of printer alerts", r"energiesparen"),
    RestingTexts("de", UNSOURCED, r"""
        bereit | (betriebs|druck)bereit | ruhezustand | (im\ )?(ruhe|schlaf)modus | schlaf | tiefschlaf
      | energiespar(modus|betrieb)? | aufwärmen | aufwärmphase | wärmt\ auf | (im\ )?leerlauf
      | bitte\ warten"""),
    RestingTexts("fr", SAMSUNG, r"veille | prêt\ à\ copier | chauffage"),
    RestingTexts("fr", UNSOURCED, r"""
        prête? (\ à\ imprimer)? | (en\ |mode\ )?veille (\ profonde)? | (mode\ )?économie\ d['’\ ]énergie
      | en\ attente | préchauffage | inactif | patientez"""),
    RestingTexts("it", SAMSUNG, r"in\ attesa | copia\ pronta | riscaldamento"),
    RestingTexts("it", UNSOURCED, r"""
        pront[oa] | (in\ |modalità\ )?(riposo|attesa|sospensione) | (modalità\ )?risparmio\ energ(ia|etico)
      | inattiv[oa] | attendere"""),
    RestingTexts("es", UNSOURCED, r"""
        list[oa] | preparad[oa] | en\ espera | (modo\ (de\ )?)?(reposo|suspensión|ahorro(\ de\ energía)?)
      | inactiv[oa] | calentando | espere"""),
    RestingTexts("pt", "the error table of a Bematech MP-4200 driver", r"pront[oa] (\ para\ imprimir)?"),
    RestingTexts("pt", UNSOURCED, r"""
        em\ (espera|repouso)
        | (modo\ (de\ )?)?(suspensão|repouso|poupança(\ de\ energia)?|economia\ de\ energia)
      | aquecendo | aguarde"""),
    RestingTexts("nl", UNSOURCED, r"""
        gereed | klaar | (in\ )?slaap (stand|modus)? | energie(besparing|spaarstand) | stand-?by
      | (bezig\ met\ )?opwarmen | inactief | even\ geduld"""),
    RestingTexts("sv", UNSOURCED, r"""
        klar | redo | vila | vilo(läge) | energisparläge | strömsparläge | värmer\ upp"""),
    RestingTexts("da, nb", UNSOURCED, r"""
        klar | dvale (tilstand)? | hvile (modus)? | strømspare (tilstand|modus)"""),
    RestingTexts("fi", UNSOURCED, r"valmis | lepotila | virransäästö (tila)?"),
    RestingTexts("pl", BROTHER, r"oczekiwanie"),
    RestingTexts("pl", "HP Color LaserJet 3000, hp-3000.printerdepo.com/pl", r"gotowość"),
    RestingTexts("pl", UNSOURCED, r"""
        gotow[yae] (\ do\ (pracy|druku))? | (stan\ |tryb\ )?(uśpienia|czuwania|oczekiwania) | uśpienie
      | (tryb\ )?oszczędzani[ea]\ energii | (trwa\ )?nagrzewanie | czekaj"""),
    RestingTexts("cs", "HP Officejet Pro L7550, hp-officejet-pro-l7550.printerdoc.net/cs", r"připraveno"),
    RestingTexts("cs, sk", UNSOURCED, r"""
        připraven[aý]? | pripraven[aáéýo]? | (režim\ )?spánku | režim\ spánok
        | úspor[ay]\ (energie|energ[ií]e)
      | (režim\ )?úspory\ energie | zahřívání | nečinn[ýáé]"""),
    RestingTexts("hu", UNSOURCED, r"""
        kész | üzemkész | alvó\ (mód|állapot|üzemmód) | energiatakarékos (\ (üzem)?mód)?"""),
    RestingTexts("ro", UNSOURCED, r"gata | pregătită? | (mod\ )?repaus"),
    RestingTexts(
        "sr", "Lexmark CS431, publications.lexmark.com/…/CS431_C3426/UG/html/sr",
        r"sprem[ae]n | (u\ )?režim\w?\ mirovanja"
    ),
    RestingTexts("el", UNSOURCED, r"έτοιμο[ςη]? | αναμονή | αναστολή (\ λειτουργίας)?"),
    RestingTexts("tr", "HP Color LaserJet 3000, hp-3000.printerdepo.com/tr", r"hazır"),
    RestingTexts("tr", UNSOURCED, r"""
        uyku | (derin\ )?(uyku|bekleme) (\ modu)? (nda)? (\ açık)? | beklemede | uyuyor
      | (güç|enerji)\ tasarrufu (\ modu)? | ısınıyor | lütfen\ bekleyin | yazdırmaya\ hazır"""),
    RestingTexts("ru", BROTHER, r"спящий\ режим"),
    RestingTexts("ru", SAMSUNG, r"ожидание | готов\ к\ копир | разогрев"),
    RestingTexts("ru", UNSOURCED, r"""
        готов[оа]? (\ к\ (печати|работе))? | (режим\ )? (сна|ожидания|энергосбережения) | сон
      | энергосбережение | прогрев | подождите"""),
    RestingTexts("uk", UNSOURCED, r"готовий | режим\ сну | сплячий\ режим | очікування"),
    RestingTexts("ja", "the guide of Konica Minolta bizhub C754, konicaminolta.jp", r"スリープ | 節電モード"),
    RestingTexts("ja", UNSOURCED, r"""
        スリープ (モード)? 中? | レディー? | 待機中? | 省 (エネ|電力) (モード|中)? | (印刷)?準備完了
        | 印刷 (可能|できます)
      | 予熱中? | ウォームアップ中? | 節電 (モード)? 中? | 低電力 (モード)? | 休止 (中|状態)?
      | (しばらく)?お待ち(下|くだ)さい"""),
    RestingTexts("zh", BROTHER, r"请等待"),
    RestingTexts("zh", UNSOURCED, r"""
        (进入)?(睡眠|休眠) (模式|中|状态|狀態)? | 深度休眠 | 节能 (模式|状态|中)? | 節能 (模式|狀態|中)?
      | 省电 (模式)? | 省電 (模式)? | 待机 (模式|中)? | 待機 (模式|中)? | (准备|打印)?就绪
      | (準備|列印)?就緒 | 准备就绪
      | 预热中? | 預熱中? | 请稍候 | 請稍候"""),
    RestingTexts("ko", UNSOURCED, r"""
        (절전|대기|슬립|수면|에너지\ ?절약) (\ ?모드)? (\ 중)? | (인쇄\ )?준비 (\ ?완료|됨|\ 중)?
        | 예열 (\ 중)?
      | 기다려\ 주십시오"""),
)  # fmt: skip

_PATTERN = re.compile(fold_case("|".join(f"(?:{one.pattern})" for one in RESTING_TEXTS)), re.VERBOSE)


def is_resting_text(text: str) -> bool:
    """Tell if the whole text, not a part of it, is one that a resting printer shows."""
    return _PATTERN.fullmatch(fold_case(text).strip(" .…!:;-*")) is not None
