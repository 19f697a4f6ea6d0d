"""Text from printers and the network, made safe to show: the order in which bytes are decoded.

    0x0115 in front ......... HP Roman-8, as HP's private objects mark it
    escapes to two bytes .... ISO-2022-JP
    byte order mark, NULs ... UTF-16
    ASCII ................... taken as it is; hex dumps in it are undone
    valid UTF-8 ............. beyond ASCII that is no accident, whatever was declared; cut at the end, too:
                              SIZE(0..63) may end within a character, which is left out
    C1 bytes + kana ......... Shift-JIS, also where Latin-1 was declared
    the declared charset .... prtLocalizationCharacterSet (RFC 3805), an IANA MIBenum
    mostly high letters ..... ISO 8859-5, Cyrillic firmware that declares nothing
    the rest ................ windows-1252, then Latin-1

Promises, for any bytes: `decode` never raises, and its answer holds no control, format (bidi,
zero-width), surrogate or unassigned character, no run of blanks, and at most `LIMIT` characters.
"""

import re
import unicodedata

MAX_LENGTH = 255  # SIZE(0..255) of PrtLocalizedDescriptionStringTC; nothing longer is worth keeping

CODECS = {
    3: "ascii", 4: "iso8859-1", 5: "iso8859-2", 6: "iso8859-3", 7: "iso8859-4", 8: "iso8859-5",
    9: "iso8859-6", 10: "iso8859-7", 11: "iso8859-8", 12: "iso8859-9", 13: "iso8859-10",
    17: "cp932", 18: "euc-jp", 38: "euc-kr", 39: "iso2022-jp", 106: "utf-8", 109: "iso8859-13",
    111: "iso8859-15", 112: "iso8859-16", 113: "gbk", 114: "gb18030", 1000: "utf-16-be",
    1013: "utf-16-be", 1014: "utf-16-le", 1015: "utf-16", 2004: "hp-roman8", 2009: "cp850",
    2010: "cp852", 2011: "cp437", 2013: "cp862", 2024: "cp932", 2025: "gb2312", 2026: "big5",
    2046: "cp855", 2084: "koi8-r", 2086: "cp866", 2088: "koi8-u", 2250: "cp1250", 2251: "cp1251",
    2252: "cp1252", 2253: "cp1253", 2254: "cp1254", 2255: "cp1255", 2256: "cp1256", 2257: "cp1257",
    2258: "cp1258", 2259: "tis-620", 36: "euc-kr", 57: "gb2312", 85: "iso8859-8", 2027: "mac-roman",
    2089: "cp858", 2101: "big5hkscs",
}  # fmt: skip
"""IANA MIBenum of a character set -> Python's name for it (IANAcharset, RFC 3808)."""

TWO_BYTE_CODECS = frozenset({"cp932", "euc-jp", "euc-kr", "gbk", "gb18030", "gb2312", "big5", "big5hkscs"})

ROMAN_8 = b"\x01\x15"  # HP symbol set 8U, written in front of the text

_DUMP_LINE = 16  # bytes that net-snmp prints before it starts a new line
_HEX_RUN = re.compile(r"(?:[0-9A-Fa-f]{2} ){3,}[0-9A-Fa-f]{2} ?|(?:[0-9A-Fa-f]{2} )+")
_BLANKS = re.compile(r"\s+")
_FIRST_OF_SEVERAL = 0xC2  # the least byte that begins a UTF-8 character of several

_PADDING = " .,;:_-#?*!=+/\\\"'()<>[]{}"
_PLACEHOLDER = re.compile(
    r"""
        null | nil | none | n[/.]?a | nan | empty | blank | dummy | sample | x{3,} | 0+ (?:[.:,\- ]0+)*
        | 0x0*
        | un(?:known|defined|specified|available|assigned|set|named|configured|initiali[sz]ed)
        | no\ (?:data|value|information|name|location) | invalid | default(?:\ (?:string|value|name))? | tbd
        | to\ be\ (?:filled|defined|determined|set).* | (?:please\ )?enter\ .* | your\ \w+(?:\ here)?
        | not?[-\ _]?(?:set|specified|available|applicable|assigned|defined|found|present|programmed
          |configured|entered|used|known)(?:\ yet)?
        | unbekannt | nicht\ (?:gesetzt|festgelegt|verfügbar|definiert|angegeben|eingestellt|belegt)
        | keine?
          (?:\ angaben?)?
        | inconnu[es]? | non\ (?:défini|spécifié|disponible|renseigné|configuré)e? | aucune?
        | desconocid[oa] | no\ (?:definid[oa]|disponible|especificad[oa]|configurad[oa]) | ningun[oa]
        | sconosciut[oa] | non\ (?:definit[oa]|disponibile|impostat[oa]|specificat[oa]|configurat[oa])
        | nessun[oa]
        | desconhecid[oa] | não\ (?:definid[oa]|disponível|especificad[oa]|configurad[oa]) | nenhum[a]?
        | onbekend | niet\ (?:ingesteld|beschikbaar|opgegeven|gedefinieerd) | geen
        | okänd | ej\ (?:angiven|angivet|tillgänglig) | ukendt | ukjent
        | ikke\ (?:angivet|angitt|tilgængelig)
        | ingen | tuntematon | ei\ (?:määritetty|käytettävissä)
        | nieznan[yae] | nie\ (?:ustawiono|określono|zdefiniowano) | niedostępn[yae] | brak(?:\ danych)?
        | neznám[ýáé] | nen[ií]\ (?:nastaveno|nastavené|k\ dispozici) | žádn[ýáé] | neurčeno
        | ismeretlen | nincs(?:\ (?:megadva|adat))? | necunoscuta? | nedefinit
        | bilinmiyor | tanımsız | ayarlanmamış | belirtilmemiş | yok | άγνωστο
        | неизвестн[оаы][йея]? | не\ (?:задано|указано|определено|установлено|определен)
        | нет(?:\ данных)? | невідомо
        | 不明 | 未知(?:的)? | 未設定 | 未设置 | 未設置 | 未定义 | 未登録 | 未入力 | なし | 無し | 无
        | 無 | 不详
        | 알\ ?수\ ?없음 | 없음 | 미설정 | 설정\ ?안\ ?됨 | 미지정
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Words that firmware writes where it has no value: these languages' words for it, and what fills a field."""

_MIXED_WORD = re.compile(r"\w*[\u0400-\u04ff]\w*")
_LOOK_ALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")
"""Latin letters that firmware with a small character set writes within Cyrillic words: "Oжидaниe"."""


def decode_octets(raw: bytes, charset: int | None = None) -> str:
    """The text in `raw`, an OCTET STRING; `charset` is the declared MIBenum, if any."""
    return clean_text(decode_hex_dump(_decode_bytes(raw, charset)))


def clean_text(text: str) -> str:
    """`text` without what could deceive or break a screen, a log or a table; blanks collapsed."""
    kept = "".join(map(_printable_char, text[: 4 * MAX_LENGTH]))
    return _BLANKS.sub(" ", kept).strip()[:MAX_LENGTH].rstrip()


def drop_placeholder(text: str) -> str:
    """Return `text`, or "" where it is a word for no value: "NULL", "Unknown", "(not set)", "0000"."""
    bare = unicodedata.normalize("NFC", text).strip(_PADDING)
    return text if bare and not _PLACEHOLDER.fullmatch(bare) else ""


def fold_case(text: str) -> str:
    """For comparing words: lower case, no accents nor voiced marks of kana, Cyrillic words in Cyrillic."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    folded = plain.casefold().replace("ł", "l").replace("ı", "i")
    return _MIXED_WORD.sub(lambda found: found[0].translate(_LOOK_ALIKES), folded)


def decode_hex_dump(text: str) -> str:
    """Undo hex printed in place of text: "42 6C 61 63 6B", "0x426C61636B", or a first line of
    sixteen characters with hex lines below it, as dumps of long strings have it."""
    head, *lines = text.replace("\r\n", "\n").split("\n")
    dumped = (_HEX_RUN.fullmatch(f"{line.strip()} ") for line in lines if line.strip())
    if lines and len(head) >= _DUMP_LINE - len(ROMAN_8) and all(dumped):
        return head + "".join(map(_decode_hex, lines))
    for prefix in ("Hex-STRING:", "0x", "0X"):
        if text.startswith(prefix) and (found := _decode_hex(text.removeprefix(prefix))):
            return found
    if len(text) >= 11 and not lines and _HEX_RUN.fullmatch(text):
        found = _decode_hex(text)
        return found if found.rstrip("\0").isprintable() else text
    return text


def _decode_hex(text: str) -> str:
    try:
        return _decode_bytes(bytes.fromhex(text), None)
    except ValueError:
        return ""


def _decode_bytes(raw: bytes, charset: int | None) -> str:
    if raw.startswith(ROMAN_8):
        return raw[2:].decode("hp-roman8", "replace")
    if wide := _decode_utf16(raw):
        return wide
    raw = raw.strip(b"\0")
    if (cut := decode_cut_utf8(raw.rstrip(b"\0 "))) is not None:
        return cut
    for codec in _candidate_codecs(raw, charset):
        if (text := _decode_cut(raw, codec)) is not None:
            return text
    return raw.decode("iso8859-1")


def _decode_cut(raw: bytes, codec: str) -> str | None:
    """Decode `raw` without the first byte of a two-byte character at its end; None if it does not fit."""
    try:
        return raw.decode(codec)
    except LookupError:
        return None
    except UnicodeDecodeError as why:
        is_cut = codec in TWO_BYTE_CODECS and why.reason == "incomplete multibyte sequence"
        return raw[: why.start].decode(codec) if is_cut else None


def decode_cut_utf8(raw: bytes) -> str | None:
    """Decode UTF-8 that ends within a character, without that one; None for any other bytes.

    A whole character beyond ASCII has to be in front, or it could be a letter of another charset.
    """
    for missing in (1, 2, 3):
        if len(raw) > missing and raw[-missing] >= _FIRST_OF_SEVERAL:
            try:
                text = raw[:-missing].decode("utf-8")
            except UnicodeDecodeError:
                return None
            is_cut = _character_length(raw[-missing]) > missing
            tail = raw[1 - missing :] if missing > 1 else b""
            follows = all(0x80 <= byte <= 0xBF for byte in tail)
            return text if is_cut and follows and not text.isascii() else None
    return None


def _character_length(first: int) -> int:
    """Return how many bytes a UTF-8 character has that begins with this byte (RFC 3629, section 3)."""
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF5 else 0


def _decode_utf16(raw: bytes) -> str:
    """`raw` as UTF-16 if a byte order mark or the NULs of Latin letters say so, else ""."""
    if raw[:2] in {b"\xfe\xff", b"\xff\xfe"}:
        return raw.decode("utf-16", "replace")
    pairs = len(raw) // 2
    if pairs < 2 or len(raw) % 2:
        return ""
    for codec, high, low in (("utf-16-be", raw[0::2], raw[1::2]), ("utf-16-le", raw[1::2], raw[0::2])):
        if high.count(0) * 4 >= pairs * 3 and low.rstrip(b"\0").count(0) == 0 and low.strip(b"\0"):
            return raw.decode(codec, "replace")
    return ""


def _candidate_codecs(raw: bytes, charset: int | None) -> list[str]:
    """The codecs to try, the likeliest first."""
    rungs = ["utf-8"]
    if b"\x1b$" in raw:  # escapes into two-byte sets, between which all is ASCII
        rungs.insert(0, "iso2022-jp")
    if any(0x80 <= byte <= 0x9F for byte in raw) and _is_japanese(raw):
        rungs.append("cp932")
    if charset in CODECS:
        rungs.append(CODECS[charset])
    if _is_cyrillic(raw):
        rungs.append("iso8859-5")
    return [*rungs, "cp1252"]


def _is_japanese(raw: bytes) -> bool:
    """True if Shift-JIS gives at least two kana: their lead bytes are controls in Latin-1."""
    text = _decode_cut(raw, "cp932") or ""
    return sum("\u3041" <= char <= "\u30fc" for char in text) >= 2


def _is_cyrillic(raw: bytes) -> bool:
    """True if most letters lie in the Cyrillic range of ISO 8859-5; Western text has few there."""
    letters = [byte for byte in raw if chr(byte).isalpha()]
    high = sum(0xB0 <= byte <= 0xEF for byte in letters)
    return high >= 3 and high > 0.6 * len(letters)


def _printable_char(char: str) -> str:
    if char.isprintable() and char != "\ufffd":
        return char
    return " " if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Zs"} else ""
