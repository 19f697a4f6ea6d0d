"""The audit log: changes and their author. One JSON object a line, in `audit.jsonl` beside the state.

Enrolment, starts and stops, configuration and rules that came into force or were refused, and what people do
from the command line. Each line carries a fingerprint of the line before it: a line that was taken out or
changed later shows (`broken`). It is for the site; it is never sent.
"""

import getpass
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.core.clock import format_iso_time


def append_entry(folder: Path, action: str, **what: object) -> None:
    """Add a line. `what` holds no secrets."""
    file = folder / "audit.jsonl"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    told = {
        "at": format_iso_time(time.time()),
        "action": action,
        "by": _current_user(),
        "pid": os.getpid(),
        **what,
    }
    line = json.dumps(told | {"before": _hash_line(_read_last_line(file))}, ensure_ascii=False)
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8"
    ) as out:
        out.write(line + "\n")


def read_entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Every line, oldest first."""
    file = folder / "audit.jsonl"
    if file.exists():
        yield from map(json.loads, file.read_text("utf-8").splitlines())


def has_entry(folder: Path, action: str) -> bool:
    """True if some line is about `action`; also in a log that is damaged. False where it cannot be read."""
    try:
        with (folder / "audit.jsonl").open(encoding="utf-8", errors="replace") as lines:
            return any(f'"action": "{action}"' in line for line in lines)
    except OSError:
        return False


def find_altered_lines(folder: Path) -> list[int]:
    """The numbers of the lines (from 1) before which something was changed or taken out."""
    file = folder / "audit.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    befores = ["", *lines]
    return [
        number
        for number, (line, before) in enumerate(zip(lines, befores, strict=False), 1)
        if json.loads(line)["before"] != _hash_line(before)
    ]


def _hash_line(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]


def _read_last_line(file: Path) -> str:
    """The last line; lines are short, so the last 64 KiB hold it."""
    if not file.exists():
        return ""
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - 65536))
        found = lines.read().decode("utf-8", "replace").splitlines()
    return found[-1] if found else ""


def _current_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
