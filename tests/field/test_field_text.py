"""Texts that firmware cuts, joins or fills with words: what a person reads, and what colour and serial come of it."""

from contextlib import closing
from pathlib import Path

import pytest
from field_site import FieldSite
from loopback import own

from agent.collectors._identity import ieee1284
from agent.collectors._ipp.attribute_mapping import choose_firmware
from agent.collectors._ipp.codec import _decode_text
from agent.collectors._printer_mib.resting_texts import RESTING_TEXTS, is_resting_text
from agent.core.model import Supply
from agent.core.store import open_reader
from agent.core.text import decode_cut_utf8, decode_octets, drop_placeholder
from agent.history import facts
from agent.rules.functions._supply_words import read_shortage
from agent.rules.functions._waste_words import read_waste_state

CUT = Path(__file__).parent / "text_cut_inside_a_character"
OTHERS = [
    ("Cartouche de toner magenta très haute capacité", "magenta"),
    ("검정 토너 카트리지 대", "black"),
]
TEXTS = [
    ("field", ("Картридж с черным тонером повышен", "black")),
    ("cyrillic_at_sixty_three", ("Чёрный тонер повышенной ёмкос", "black")),
    ("two_of_three_octets", ("ブラックトナーカートリッジ大", "black")),
]


def supplies(site: FieldSite) -> list[Supply]:
    (key,) = site.devices()
    with closing(open_reader(site.agent.config.database_path)) as db:
        return list(facts.load_last_supplies(db, key))


@pytest.mark.parametrize(("case", "first"), TEXTS, ids=[case for case, _ in TEXTS])
async def test_a_text_cut_inside_a_character_is_read_without_it(field, case: str, first: tuple) -> None:
    async with field("9.0/29") as site:
        site.place(own("9.1"), CUT / f"{case}.snmprec")
        await site.find()
        await site.pass_hours(1)
        assert [(one.description, one.colour) for one in supplies(site)] == [first, *OTHERS]
        (device,) = site.devices().values()
        assert device.location == "Straße des Kindes, Gebäude 4, Büro"


@pytest.mark.parametrize("text", ["Büro é", "Чёрный", "검정 토너", "ブラック", "naïve 🖨"])
def test_a_cut_at_any_octet_leaves_the_whole_characters(text: str) -> None:
    raw = text.encode()
    for end in range(4, len(raw) + 1):
        whole = raw[:end].decode("utf-8", "ignore")
        if not whole.isascii():
            assert decode_octets(raw[:end]) == whole.strip()
            assert _decode_text(raw[:end]) == whole.strip()


CHARSETS = [
    ("トナー残量少", "cp932", 17),
    ("トナー残量少", "euc-jp", 18),
    ("黑色墨粉盒", "gbk", 113),
    ("검정 토너", "euc-kr", 38),
]


@pytest.mark.parametrize(("text", "codec", "declared"), CHARSETS)
def test_a_cut_in_other_charsets_leaves_the_whole_characters(text: str, codec: str, declared: int) -> None:
    raw = text.encode(codec)
    assert decode_octets(raw, declared) == text
    assert decode_octets(raw[:-1], declared) == text[:-1]


def test_blanks_behind_a_cut_are_padding() -> None:
    raw = "Чёрный тонер".encode()
    assert decode_octets(raw[:-1] + b"    ", 4) == "Чёрный тоне"
    assert decode_octets("トナー残量少".encode("cp932")[:-1], 4) == "トナー残量"


@pytest.mark.parametrize("raw", [b"B\xfcro", b"Stra\xdfe \xc3", b"plain", b"", "Büro".encode(), b"\xc3\xc3"])
def test_other_bytes_are_no_cut_utf8(raw: bytes) -> None:
    assert decode_cut_utf8(raw) is None


@pytest.mark.parametrize(
    ("names", "versions", "right"),
    [
        (["Engine", "Network", "Firmware", "Fax", "Fonts"], ["E1", "N.2", "MXLSG.230.090", "F3", "1"],
         "MXLSG.230.090"),
        (["IPP", "System"], ["2.0", "2S0_2000.001.828"], "2S0_2000.001.828"),
        (["Panel", "XYZ"], ["7", "CB.041.230"], "CB.041.230"),
        (["System"], ["2S0_2000"], "2S0_2000"),
        ([], ["1.0", "2.0"], "1.0"),
        (["Firmware", "Main"], ["NULL", "3.1"], "3.1"),
        (["Engine"], ["E1"], "E1"),
    ],
)  # fmt: skip
def test_the_firmware_is_that_of_the_printer_not_of_its_parts(
    names: list[str], versions: list[str], right: str
) -> None:
    assert choose_firmware(names, versions) == right


@pytest.mark.parametrize(
    ("written", "serial"),
    [
        ("583434473030303132333435", "X44G00012345"),
        ("583434473030303132333435".lower(), "X44G00012345"),
        ("X44G00012345", "X44G00012345"),
        ("1234567890123456", "1234567890123456"),
        ("58343447", "58343447"),
    ],
)
def test_epsons_hexadecimal_serial_is_decoded(written: str, serial: str) -> None:
    found = ieee1284.parse(f"MFG:EPSON;MDL:WF-C5790;SN:{written};")
    assert found is not None
    assert found.serial == serial


NO_VALUES = (
    "NULL", "(null)", "Unknown", "N/A", "n.a.", "not set", "NOT_SET", "not configured", "---", "0000", "00:00:00",
    "0.00", "0x00", "xxxx", "Default", "Enter location here", "your location", "nan", "unbekannt", "nicht gesetzt",
    "keine Angabe", "inconnue", "non défini", "desconocido", "no definido", "sconosciuta", "non impostato",
    "não definido", "onbekend", "niet ingesteld", "okänd", "ukendt", "tuntematon", "nieznany", "brak danych",
    "neznámý", "není nastaveno", "ismeretlen", "nincs megadva", "bilinmiyor", "tanımsız", "неизвестно", "не задано",
    "нет данных", "невідомо", "不明", "未知", "未設定", "未设置", "なし", "알 수 없음", "미설정",
)  # fmt: skip
VALUES = (
    "LaserJet", "Nonett 5", "Room 12", "Unknown Soldier Street 4", "Nullweg 3", "Brakel", "2.0", "0815", "100", "Naples",
    "Default Street 9", "Yokohama", "Нетания", "Geenhoven", "なしの木 2階", "無錫",
)  # fmt: skip


@pytest.mark.parametrize("word", NO_VALUES)
def test_words_for_no_value_are_no_values(word: str) -> None:
    assert drop_placeholder(word) == ""
    assert drop_placeholder(f" <{word.upper()}> ") == ""


@pytest.mark.parametrize("text", VALUES)
def test_a_value_that_begins_like_such_a_word_is_a_value(text: str) -> None:
    assert drop_placeholder(text) == text


RESTING = (
    "睡眠模式", "节能模式", "休眠", "就绪", "待机", "절전 모드", "대기 중", "준비 완료", "スリープ中", "節電モード",
    "Спящий режим", "Режим сна", "Готов к печати", "Uyku modu", "Güç tasarrufu", "Tryb uśpienia", "Czuwania",
    "Viloläge", "Έτοιμο", " Sparbetrieb... ", "Bereit: Kopie", " Oжидaниe... ", " Гoтoв к кoпиp. ", "Veille...",
    "Pret a copier", "In attesa...", "Copia pronta", "Calibrating... Please Wait", "请等待                ",
    "OCZEKIWANIE     ", "Спящий режим    ", "SLEEP           ", "Gotowość", "PŘIPRAVENO", "HAZIR", "u režimu mirovanja",
    "節電モード", "ｽﾘｰﾌﾟ", "Sleep mode on", "Uyku Modunda", "Alvó üzemmód", "Modo de suspensión", "Tiefschlaf",
    "Pronta para imprimir", "대기 모드", "請稍候",
)  # fmt: skip
TROUBLE = (
    "请更换墨粉",
    "토너 부족",
    "Замените картридж",
    "Toner bitti",
    "Wymień toner",
    "トナーがなくなりました",
    "ﾄﾅｰｶﾞ ｽｸﾅｸﾅﾘﾏｼﾀ",
    "C トナーカートリッジコウカン",
    "88 Cyan Toner Low",
    "Nível de cartucho está baixo",
    "Nízka úroveň v čiernej kazete",
    "Kartrid hampir habis",
    "Tonerja je malo: nizka raven",
    "Закaнчивaeтcя тoнep",
)


@pytest.mark.parametrize("text", RESTING)
def test_a_sleeping_panel_is_no_trouble(text: str) -> None:
    assert is_resting_text(text)
    assert read_shortage(text) is None


@pytest.mark.parametrize("text", TROUBLE)
def test_a_panel_that_wants_toner_is_no_sleep(text: str) -> None:
    assert not is_resting_text(text)
    assert read_shortage(text) is not None


def test_each_language_of_resting_panels_says_where_its_words_are_from() -> None:
    languages = {code for one in RESTING_TEXTS for code in one.language.split(", ")}
    asked = "zh ko ja ru tr pl de fr es it pt nl sv cs hu"
    assert languages >= set(asked.split())
    assert all(one.source for one in RESTING_TEXTS)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Waste toner box almost full", "almost_full"), ("Waste Toner Full", "full"),
        ("Resttonerbehälter fast voll", "almost_full"), ("Resttonerbehälter voll", "full"),
        ("Bac de récupération presque plein", "almost_full"), ("Recipiente tóner residual lleno", "full"),
        ("Vaschetta toner di scarto quasi piena", "almost_full"), ("Afvaltonerbak bijna vol", "almost_full"),
        ("Pojemnik na zużyty toner pełny", "full"), ("廃トナーボトル交換", "full"), ("废粉盒将满", "almost_full"),
        ("폐토너통이 가득 찼습니다", "full"), ("Контейнер отработанного тонера заполнен", "full"),
        ("Atık toner kutusu neredeyse dolu", "almost_full"), ("Maintenance box near end", "almost_full"),
        ("Toner low", None), ("Output bin full", None), ("Waste toner box missing", None), ("Ausgabefach voll", None),
    ],
)  # fmt: skip
def test_a_full_waste_box_is_read_in_words(text: str, state: str | None) -> None:
    assert read_waste_state(text) == state
