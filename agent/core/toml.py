"""TOML files that people write: read, validated, and complained about by file, line and key.

read(path) -> Document        missing, unreadable, not TOML  ┐
validate(document, Model)     unknown key, wrong type, …     ┴-> ConfigError with every complaint

Lines come from the same parser that reads the file: `tomllib` keeps no positions, so a file with a mistake is
parsed again, one statement at a time. No second parser (tomlkit has no line numbers either) can disagree
with the first about where a string ends.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from agent.core import toml_hints
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


def find_closest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that `word` most likely misspells; None if none is close."""
    import difflib  # noqa: PLC0415 - loaded only once there is a mistake

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def suggest_word(word: str, known: Sequence[str], *, cutoff: float = 0.6) -> str:
    """A suggestion for a misspelt word: 'did you mean "community"?', or the known words."""
    folded = {name.lower(): name for name in known}
    if close := find_closest(word.lower(), folded, cutoff=cutoff):
        return f'did you mean "{folded[close]}"?'
    return f"known here: {', '.join(sorted(known))}"


def load_document(path: Path, *, missing: str = "") -> Document:
    """The file, parsed. Raises ConfigError if it is missing (suggesting `missing`), unreadable or no TOML."""
    try:
        text = toml_hints.decode_toml(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError.for_file(path, "there is no such file", suggestion=missing) from None
    except OSError as why:
        raise ConfigError.for_file(path, f"cannot be read: {why}") from why
    except ValueError as why:
        reason, _, suggestion = str(why).partition(" | ")
        raise ConfigError.for_file(path, reason, suggestion=suggestion) from None
    try:
        return Document(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as why:
        hint = toml_hints.find_hint(text, str(why))
        complaint = Complaint(
            file=str(path), line=hint.line, reason=f"not valid TOML: {why}", suggestion=hint.suggestion
        )
        raise ConfigError([complaint]) from why


def validate_document(document: Document, model: type[M]) -> M:
    """The document as `model`. Raises ConfigError with one complaint for each mistake."""
    try:
        return model.model_validate(document.data)
    except ValidationError as why:
        errors = [dict(error) for error in why.errors()]
    unknown = {_key_path(error) for error in errors if error["type"] == "extra_forbidden"}
    found = (_build_complaint(document, model, error, unknown) for error in errors)
    raise ConfigError([complaint for complaint in found if complaint])


def _key_path(error: dict[str, Any]) -> TomlPath:
    return tuple(part for part in error["loc"] if part != "[key]")


def _build_complaint(
    document: Document, model: type[BaseModel], error: dict[str, Any], unknown: set[TomlPath]
) -> Complaint | None:
    """The complaint about one error; None if it follows from a misspelt key that has its own."""
    where, kind = _key_path(error), error["type"]
    if kind == "extra_forbidden":
        known = _known_keys(model, where[:-1])
        return document.build_complaint(where, "unknown key", suggest_word(str(where[-1]), known))
    if kind == "missing":
        return _build_missing(document, where, error["input"], unknown)
    if kind in {"literal_error", "enum"} and (known := re.findall(r"'([^']*)'", error["ctx"]["expected"])):
        word = str(error["input"])
        return document.build_complaint(where, f'"{word}" is not known here', suggest_word(word, known))
    if kind in {"model_type", "dict_type"} and where:
        return document.build_complaint(where, "should be a table", _suggest_table(model, where))
    if kind in {"tuple_type", "list_type"}:
        return document.build_complaint(where, "should be a list", _suggest_list(where, error["input"]))
    said = str(error.get("ctx", {}).get("error") or error["msg"])
    reason, _, suggestion = said.partition(" | ")
    if kind != "value_error":
        reason = reason[:1].lower() + reason[1:]
        suggestion = SUGGESTIONS.get(kind, "").format(**error.get("ctx", {}))
        if isinstance(got := error.get("input"), str | int | float | bool):
            reason += f", not {got!r}"
    return document.build_complaint(where, reason, suggestion)


SUGGESTIONS = {
    "greater_than_equal": "write {ge} or more",
    "less_than_equal": "write {le} or less",
    "greater_than": "write more than {gt:g}",
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
    "float_type": "write a number, without quotes",
    "bool_type": "write true or false, without quotes",
    "string_type": "write it in quotes",
    "string_too_short": "write some words",
}
"""What to write, by pydantic's name of the error."""


def _build_missing(
    document: Document, where: TomlPath, given: Any, unknown: set[TomlPath]
) -> Complaint | None:
    """A required key that is not there; most likely it is misspelt."""
    name, here = str(where[-1]), where[:-1]
    close = find_closest(name, given if isinstance(given, dict) else (), cutoff=0.7)
    if not close:
        return document.build_complaint(where, "is missing", f"add {name} = …")
    if (*here, close) in unknown:
        return None
    return document.build_complaint((*here, close), "unknown key", f'did you mean "{name}"?')


def _suggest_list(where: TomlPath, given: Any) -> str:
    name = where[-1]
    if len(where) == 1:
        return f"write [[{name}]] for a table, or {name} = […]"
    if isinstance(given, dict):
        return f"put it in [ ]: {name} = [{{ … }}]"
    return f'put it in [ ]: {name} = ["{given}"]' if isinstance(given, str) else f"write {name} = […]"


def _suggest_table(model: type[BaseModel], where: TomlPath) -> str:
    known = _known_keys(model, where)
    if "all" in known:
        return f"write {where[-1]}.all = [ … ]"
    return f"write {where[-1]} = {{ {known[0] if known else 'key'} = … }}"


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
