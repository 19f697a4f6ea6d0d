"""Bytes of printers become text that nothing can be done with but reading."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.text import CODECS, MAX_LENGTH, clean_text, decode_octets

UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
CHARSETS = st.one_of(st.none(), st.sampled_from(sorted(CODECS)), st.integers(-5, 5000))


@pytest.mark.parametrize(
    ("story", "raw", "charset", "text"),
    [
        ("plain ASCII", b"Tray 1", None, "Tray 1"),
        ("UTF-8 is recognised", "Tóner negro".encode(), None, "Tóner negro"),
        ("UTF-8 beats a wrong declaration", "Tóner".encode(), 4, "Tóner"),
        ("Latin-1 as declared", "Tür öffnen".encode("latin-1"), 4, "Tür öffnen"),
        ("Latin-1 undeclared", "Tür öffnen".encode("latin-1"), None, "Tür öffnen"),
        ("Latin-1 where UTF-8 was declared", "Tür öffnen".encode("latin-1"), 106, "Tür öffnen"),
        ("Latin-2 as declared", "Żółty".encode("iso8859-2"), 5, "Żółty"),
        ("Roman-8 behind its prefix", b"\x01\x15" + "épuisé".encode("hp-roman8"), None, "épuisé"),
        ("Roman-8 as declared", "épuisé".encode("hp-roman8"), 2004, "épuisé"),
        ("Shift-JIS as declared", "黒トナー".encode("cp932"), 17, "黒トナー"),
        ("Shift-JIS where Latin-1 was declared", "ブラックトナー".encode("cp932"), 4, "ブラックトナー"),
        ("Cyrillic that declares nothing", "Нет бумаги".encode("iso8859-5"), None, "Нет бумаги"),
        ("a declaration beats the guess at Cyrillic", "ÇÐÜäöü".encode("latin-1"), 4, "ÇÐÜäöü"),
        ("windows-1251 as declared", "Нет бумаги".encode("cp1251"), 2251, "Нет бумаги"),
        ("UTF-16 by its NULs", "Ready".encode("utf-16-be"), None, "Ready"),
        ("UTF-16 the other way round", "Ready".encode("utf-16-le"), None, "Ready"),
        ("UTF-16 by its mark", "準備完了".encode("utf-16"), None, "準備完了"),
        ("NULs behind the text", b"VD00000001\x00\x00\x00", None, "VD00000001"),
        ("nothing but NULs", b"\x00\x00\x00\x00", None, ""),
        ("nothing", b"", 106, ""),
        ("ISO-2022-JP by its escapes", "ブラック".encode("iso2022-jp"), None, "ブラック"),
        ("Hebrew as declared", "שחור".encode("iso8859-8"), 85, "שחור"),
        ("Macintosh as declared", "épuisé".encode("mac-roman"), 2027, "épuisé"),
        ("a charset that nobody knows", "Tür".encode("latin-1"), 4711, "Tür"),
        ("hex in place of text", b"42 6C 61 63 6B 20 54 6F 6E 65 72", None, "Black Toner"),
        ("hex with 0x", b"0x426C61636B", None, "Black"),
        ("a dump's second line", b"Black Cartridge \n38 32 37 41 00 ", None, "Black Cartridge 827A"),
        ("a short second line is text", b"Tray 1\n32", None, "Tray 1 32"),
        ("numbers are no hex", b"10 20 30", None, "10 20 30"),
        ("terminal colours lose their sting", b"\x1b[31mJam\x07", None, "[31mJam"),
        ("right-to-left override", "gpj.exe\u202egnp".encode(), None, "gpj.exegnp"),
        ("zero-width characters", "to\u200bner\ufeff".encode(), None, "toner"),
        ("lines become one", b"Replace\r\n  toner\tnow ", None, "Replace toner now"),
        ("markup is text", b"<b>Jam</b>", None, "<b>Jam</b>"),
    ],
)
def test_the_ladder(story, raw, charset, text):
    assert decode_octets(raw, charset) == text, story


@given(st.binary(max_size=600), CHARSETS)
def test_whatever_comes_it_is_safe_and_bounded(raw, charset):
    text = decode_octets(raw, charset)
    assert len(text) <= MAX_LENGTH
    assert not {unicodedata.category(char) for char in text} & UNSHOWN
    assert text == " ".join(text.split())


@given(st.text(max_size=600))
def test_text_from_elsewhere_is_cleaned_alike(text):
    cleaned = clean_text(text)
    assert len(cleaned) <= MAX_LENGTH
    assert not {unicodedata.category(char) for char in cleaned} & UNSHOWN
    assert clean_text(cleaned) == cleaned


@given(st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=60))
def test_utf8_comes_back_as_it_was(text):
    raw = text.encode()
    if not text.isascii():
        assert decode_octets(raw) == clean_text(text)
