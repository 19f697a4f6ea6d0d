"""TOML files that people write: read, validated, and complained about by file, line and key.

read(path) -> Document        missing, unreadable, not TOML  ┐
validate(document, Model)     unknown key, wrong type, …     ┴-> ConfigError with every complaint
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from agent.errors import Complaint, ConfigError

Where = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w.-]+)\s*=""")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML file that still knows where each key stands."""

    path: Path
    text: str
    data: dict[str, Any]

    def line(self, where: Where) -> int | None:
        """The line (from 1) of the key at `where`, or of the innermost table around it that has one."""
        lines = _lines(self.text)
        while where and where not in lines:
            where = where[:-1]
        return lines.get(where)

    def complaint(self, where: Where, reason: str, suggestion: str = "") -> Complaint:
        return Complaint(
            file=str(self.path), line=self.line(where), key=spell(where), reason=reason, suggestion=suggestion
        )


def spell(where: Where) -> str:
    """("network", 0, "cidr") -> "network[1].cidr": counted from 1, as people count."""
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Sequence[str]) -> str:
    """A suggestion for a misspelt word: 'did you mean "community"?', or the known words."""
    import difflib  # noqa: PLC0415 - only for who made a mistake

    if close := difflib.get_close_matches(word, known, n=1, cutoff=0.6):
        return f'did you mean "{close[0]}"?'
    return f"known here: {', '.join(sorted(known))}"


def read(path: Path, *, missing: str = "") -> Document:
    """The file, parsed. Raises ConfigError if it is missing (suggesting `missing`), unreadable or no TOML."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError.at(path, "there is no such file", suggestion=missing) from None
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigError.at(path, f"cannot be read: {why}") from why
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


def validate(document: Document, model: type[M]) -> M:
    """The document as `model`. Raises ConfigError with one complaint for each mistake."""
    try:
        return model.model_validate(document.data)
    except ValidationError as why:
        raise ConfigError([_complain(document, model, dict(error)) for error in why.errors()]) from None


def _complain(document: Document, model: type[BaseModel], error: dict[str, Any]) -> Complaint:
    where: Where = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        known = _fields(model, where[:-1])
        return document.complaint(where, "unknown key", nearest(str(where[-1]), known))
    if error["type"] == "missing":
        return document.complaint(where, "is missing", f"add {where[-1]} = …")
    said = str(error.get("ctx", {}).get("error") or error["msg"])
    reason, _, suggestion = said.partition(" | ")
    if error["type"] in {"literal_error", "enum"} and isinstance(word := error["input"], str):
        known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return document.complaint(where, f'"{word}" is not known here', nearest(word, known))
    if error["type"] in {"tuple_type", "list_type"}:
        return document.complaint(
            where, "should be a list", f"write [[{where[-1]}]] for a table, or {where[-1]} = […]"
        )
    if error["type"] == "greater_than_equal":
        suggestion = f"write {error['ctx']['ge']} or more"
    if error["type"] != "value_error":
        reason = reason[:1].lower() + reason[1:]
        if isinstance(got := error.get("input"), str | int | float | bool):
            reason += f", not {got!r}"
    return document.complaint(where, reason, suggestion)


def _fields(model: type[BaseModel], where: Where) -> list[str]:
    """The keys that `model` knows at `where`."""
    for part in where:
        field = model.model_fields.get(str(part)) if isinstance(part, str) else None
        for inner in _models(field.annotation) if field else ():
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models(inner)]


def _lines(text: str) -> dict[Where, int]:
    """{path of a key or table: its line}, for keys that begin a line."""
    found: dict[Where, int] = {}
    counts: dict[Where, int] = {}
    table: Where = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            names = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            table = _nested(names, counts, several=header[1] == "[[")
            found.setdefault(table, number)
            found.setdefault(table[:-1] if header[1] == "[[" else table, number)
        elif key := _KEY.match(line):
            parts = key[1].strip("\"'").split(".") if key[1][0] not in "\"'" else [key[1].strip("\"'")]
            found.setdefault((*table, *parts), number)
    return found


def _nested(names: tuple[str, ...], counts: dict[Where, int], *, several: bool) -> Where:
    """The path of a header, with the number of the element in each array of tables on the way."""
    path: Where = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    path = (*path, names[-1])
    if several:
        counts[path] = counts.get(path, -1) + 1
        path = (*path, counts[path])
    return path
