"""Hints for text that is not TOML: the likely mistake, its line, and what to write instead.

    bytes ──► decode_toml ──► text, or ValueError "reason | suggestion", with the line
    text, parser's message ──► find_hint ──► line, suggestion

The parser reports where it gave up; the mistake is often on the line before. Pure.
"""

import re
from dataclasses import dataclass

TYPOGRAPHIC = "“”„‟‘’‚«»"
PLAIN_TEXT = 'text values need quotes: key = "value"'
YES = frozenset({"true", "yes", "on"})
SUGGESTIONS = {
    "Unescaped '\\'": "write a backslash twice in \"…\", or use single quotes: 'C:\\folder'",
    "Duplicate inline table key": "it stands twice in { }: remove one",
    "Cannot": "it stands twice: remove one, or write [[rule]] for one more rule",
    "after a key": 'write key = "value"',
    "Invalid statement": 'write key = "value"',
    "Illegal character": 'a quote is missing at the end of a text: key = "value"',
    "Unterminated": 'a quote is missing at the end of a text: key = "value"',
}
"""What to write, by a part of the parser's message."""
_STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_COMMENT = re.compile(r"#.*")
_WORD_VALUE = re.compile(r"^\s*([\w.-]+)\s*=\s*([^\s\"'\[{#][^#]*?)\s*(?:#.*)?$")
_NEIGHBOURS = re.compile(r'(["\]}\d]|true|false)\s+("[^"]*"?|[{\[]|[\w.]+\s*=)')
_BARE_QUANTITY = re.compile(r"(\w+)\s*=\s*(\d[\d.]*\s*(?:%|[A-Za-z]\w*))")


@dataclass(frozen=True, slots=True)
class SyntaxHint:
    """Where the mistake is, and what to do about it."""

    line: int | None
    suggestion: str


def decode_toml(raw: bytes) -> str:
    """The text of a TOML file, without a byte order mark. Raises ValueError, "reason | suggestion"."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:200]:
        raise ValueError('is saved as UTF-16 | save the file as UTF-8 (Notepad: Save as, Encoding "UTF-8")')
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as why:
        line = raw[: why.start].count(b"\n") + 1
        raise ValueError(
            f"line {line} is not UTF-8, at the byte 0x{raw[why.start]:02X} | "
            'save the file as UTF-8 (Notepad: Save as, Encoding "UTF-8")'
        ) from None


def find_hint(text: str, message: str) -> SyntaxHint:
    """The likely mistake behind the parser's message, "… (at line 7, column 3)"."""
    found = re.search(r"line (\d+)", message)
    lines = text.split("\n")
    number = int(found[1]) if found else len(lines)
    line = lines[number - 1] if number <= len(lines) else ""
    return (
        _find_typographic_quotes(lines, number)
        or _find_conflict_marks(lines)
        or _find_missing_comma(lines, number, message)
        or SyntaxHint(number if found else None, _suggest_for_line(line, message))
    )


def _find_typographic_quotes(lines: list[str], number: int) -> SyntaxHint | None:
    """Quotes of a word processor at the line, or shortly before it."""
    for at in range(number, max(0, number - 3), -1):
        bare = _COMMENT.sub("", _STRINGS.sub("", lines[at - 1])) if at <= len(lines) else ""
        if marks := sorted({char for char in bare if char in TYPOGRAPHIC}):
            return SyntaxHint(at, f'{" ".join(marks)} are typographic quotes: write straight ones, "…"')
    return None


def _find_conflict_marks(lines: list[str]) -> SyntaxHint | None:
    for at, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")) or line == "=======":
            return SyntaxHint(at, "a merge left its marks here: keep one side, and remove the marks")
    return None


def _find_missing_comma(lines: list[str], number: int, message: str) -> SyntaxHint | None:
    """An array or inline table that goes on where a comma or its end was expected."""
    if not message.startswith("Unclosed"):
        return None
    here = _strip_line(lines, number)
    if found := _BARE_QUANTITY.search(here):
        return SyntaxHint(number, f'text values need quotes: {found[1]} = "{found[2]}"')
    if found := _NEIGHBOURS.search(here):
        return SyntaxHint(number, f"a comma is missing before {found[2].strip()}")
    before = number - 1
    while before > 0 and not _strip_line(lines, before):
        before -= 1
    ends = _strip_line(lines, before)[-1:]
    if here[:1] in {"{", '"', "'", "["} and ends in {"}", '"', "'", "]"} and not here.startswith("[["):
        return SyntaxHint(before, "a comma is missing at the end of this line")
    what, sign = ("an inline table", "}") if "table" in message else ("a list", "]")
    return SyntaxHint(number, f"{what} is not closed before this: add {sign}")


def _strip_line(lines: list[str], number: int) -> str:
    """A line without its comment; strings are kept."""
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    return re.sub(r'("(?:[^"\\]|\\.)*"|\'[^\']*\')|#.*', lambda it: it[1] or "", line).strip()


def _suggest_for_line(line: str, message: str) -> str:
    for sign, suggestion in SUGGESTIONS.items():
        if sign in message:
            return suggestion
    value = _WORD_VALUE.match(line)
    if value is None:
        return PLAIN_TEXT
    key, word = value[1], value[2].rstrip(",")
    if word.lower() in {*YES, "false", "no", "off"}:
        return f"write {key} = {'true' if word.lower() in YES else 'false'}"
    return f'text values need quotes: {key} = "{word}"'
