"""TOML files that people write: read, validated, and complained about by file, line and key.

read(path) -> Document        missing, unreadable, not TOML  ┐
validate(document, Model)     unknown key, wrong type, …     ┴-> ConfigError with every complaint

Lines come from the same parser that reads the file: `tomllib` keeps no positions, so a file with a mistake is
parsed again, one statement at a time. No second parser (tomlkit has no line numbers either) can disagree
with the first about where a string ends.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from agent.core.errors import Complaint, ConfigError

TomlPath = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML file that still knows where each key stands."""

    path: Path
    text: str
    data: dict[str, Any]

    def find_line(self, where: TomlPath) -> int | None:
        """The line (from 1) of the key at `where`, or of the innermost table around it that has one."""
        lines = _find_key_lines(self.text)
        while where and where not in lines:
            where = where[:-1]
        return lines.get(where)

    def build_complaint(self, where: TomlPath, reason: str, suggestion: str = "") -> Complaint:
        return Complaint(
            file=str(self.path),
            line=self.find_line(where),
            key=format_key(where),
            reason=reason,
            suggestion=suggestion,
        )


def format_key(where: TomlPath) -> str:
    """("network", 0, "cidr") -> "network[1].cidr": counted from 1, as people count."""
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def suggest_word(word: str, known: Sequence[str]) -> str:
    """A suggestion for a misspelt word: 'did you mean "community"?', or the known words."""
    import difflib  # noqa: PLC0415 - only for who made a mistake

    if close := difflib.get_close_matches(word, known, n=1, cutoff=0.6):
        return f'did you mean "{close[0]}"?'
    return f"known here: {', '.join(sorted(known))}"


def load_document(path: Path, *, missing: str = "") -> Document:
    """The file, parsed. Raises ConfigError if it is missing (suggesting `missing`), unreadable or no TOML."""
    try:
        text = path.read_text("utf-8-sig")  # editors on Windows put a byte order mark in front
    except FileNotFoundError:
        raise ConfigError.for_file(path, "there is no such file", suggestion=missing) from None
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigError.for_file(path, f"cannot be read: {why}") from why
    try:
        return Document(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as why:
        found = re.search(r"line (\d+)", str(why))
        complaint = Complaint(
            file=str(path),
            line=int(found[1]) if found else None,
            reason=f"not valid TOML: {why}",
            suggestion='text values need quotes: key = "value"',
        )
        raise ConfigError([complaint]) from why


def validate_document(document: Document, model: type[M]) -> M:
    """The document as `model`. Raises ConfigError with one complaint for each mistake."""
    try:
        return model.model_validate(document.data)
    except ValidationError as why:
        raise ConfigError(
            [_build_complaint(document, model, dict(error)) for error in why.errors()]
        ) from None


def _build_complaint(document: Document, model: type[BaseModel], error: dict[str, Any]) -> Complaint:
    where: TomlPath = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, where[:-1])
        return document.build_complaint(where, "unknown key", suggest_word(str(where[-1]), known))
    if error["type"] == "missing":
        return document.build_complaint(where, "is missing", f"add {where[-1]} = …")
    said = str(error.get("ctx", {}).get("error") or error["msg"])
    reason, _, suggestion = said.partition(" | ")
    if error["type"] in {"literal_error", "enum"} and isinstance(word := error["input"], str):
        known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return document.build_complaint(where, f'"{word}" is not known here', suggest_word(word, known))
    if error["type"] in {"tuple_type", "list_type"}:
        return document.build_complaint(
            where, "should be a list", f"write [[{where[-1]}]] for a table, or {where[-1]} = […]"
        )
    if error["type"] == "greater_than_equal":
        suggestion = f"write {error['ctx']['ge']} or more"
    if error["type"] != "value_error":
        reason = reason[:1].lower() + reason[1:]
        if isinstance(got := error.get("input"), str | int | float | bool):
            reason += f", not {got!r}"
    return document.build_complaint(where, reason, suggestion)


def _known_keys(model: type[BaseModel], where: TomlPath) -> list[str]:
    """The keys that `model` knows at `where`."""
    for part in where:
        field = model.model_fields.get(str(part)) if isinstance(part, str) else None
        for inner in _nested_models(field.annotation) if field else ():
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _nested_models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _nested_models(inner)]


@lru_cache(maxsize=8)
def _find_key_lines(text: str) -> dict[TomlPath, int]:
    """{path of a key, a table or an element of an array over several lines: its line}."""
    found: dict[TomlPath, int] = {}
    counts: dict[TomlPath, int] = {}
    table: TomlPath = ()
    for first, lines, data in _statements(text):
        keys = list(_keys(data))
        if lines[0].lstrip().startswith("["):
            names, value = keys[-1]
            several = isinstance(value, list)
            table = _resolve_header(names, counts, several=several)
            found.setdefault(table, first)
            found.setdefault(table[:-1] if several else table, first)
            continue
        for path, value in keys:
            found.setdefault((*table, *path), first)
            for number, line in enumerate(_elements(first, lines) if isinstance(value, list) else ()):
                found.setdefault((*table, *path, number), line)
    return found


def _statements(text: str) -> Iterator[tuple[int, list[str], dict[str, Any]]]:
    """Each header and each `key = value`: its first line, all its lines, and what they hold alone.

    A line is added until the parser accepts the statement: only the parser knows where a string ends. No
    part of a statement up to the end of a line is valid by itself, so the first success is the whole.
    """
    first, lines = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        lines.append(line)
        if len(lines) > 1 and not _may_end(line):
            continue
        if (data := _parsed("\n".join(lines))) is not None:
            if data:
                yield first, lines, data
            first, lines = number + 1, []


def _may_end(line: str) -> bool:
    """False for a line that surely is not the last of a statement over several: saves the parser work."""
    closes = any(mark in line for mark in ("]", "}", '"""', "'''"))
    return closes and ("#" in line or not line.rstrip().endswith(","))


def _keys(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of `data`, by its path; those of tables in a list are left out."""
    for name, value in data.items():
        yield (name,), value
        if isinstance(value, dict):
            yield from (((name, *path), inner) for path, inner in _keys(value))


def _elements(first: int, lines: list[str]) -> Iterator[int]:
    """The line of each element of an array that begins in line `first`."""
    start, piece = first, ""
    for number, line in enumerate(lines, first):
        piece += line + "\n"
        found = _parsed(piece + "]") or _parsed(piece)
        if found is not None:
            yield from [start] * len(_array(found))
            start, piece = number + 1, "more = [\n"


def _array(data: Any) -> list[Any]:
    """The array that `data` leads to: of an inline table with several, the first."""
    while isinstance(data, dict):
        data = next(iter(data.values()), [])
    return data if isinstance(data, list) else []


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _resolve_header(names: tuple[str, ...], counts: dict[TomlPath, int], *, several: bool) -> TomlPath:
    """The path of a header, with the number of the element in each array of tables on the way."""
    path: TomlPath = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    path = (*path, names[-1])
    if several:
        counts[path] = counts.get(path, -1) + 1
        path = (*path, counts[path])
    return path
