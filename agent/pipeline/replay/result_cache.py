"""Cache of backtest results, so that a second run over the same history computes nothing twice.

Promises:
- A result is found only under a key of all that it rests on: the printer's past to the last value, the rules
  of its group to the last threshold, the span, the site where they look at it, the time zone, and the program
  that judged. If any of these differs, it is computed anew.
- It may be deleted at any time. Where it cannot be written or read, everything is computed.
- The oldest go when there are too many.
"""

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import agent
from agent.history.device_history import DeviceHistory
from agent.pipeline.replay.firing_spans import FiringSpan, RuleLife
from agent.rules.backtest.firing import Firing
from agent.rules.rule import Condition, Rule, RuleSet

MAX_RESULTS = 100_000  # results: some 50 rules of 2,000 printers
KEY_VERSION = "4"

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS result (key TEXT PRIMARY KEY, told TEXT NOT NULL, at REAL NOT NULL) WITHOUT
    ROWID
"""
_DELETE_OLDEST = "DELETE FROM result WHERE key IN (SELECT key FROM result ORDER BY at DESC LIMIT -1 OFFSET ?)"


@dataclass(frozen=True, slots=True)
class ResultCache:
    """Results on disk, by their key. `path` None: nothing is remembered."""

    path: Path | None = None

    def find_results(self, keys: Iterable[str]) -> dict[str, RuleLife]:
        """Return the cached results among these keys."""
        if self.path is None or not self.path.exists():
            return {}
        found = {}
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                for key in keys:
                    row = db.execute("SELECT told FROM result WHERE key = ?", (key,)).fetchone()
                    if row is not None:
                        found[key] = _parse_life(row[0])
        except (sqlite3.Error, ValueError, TypeError, KeyError):
            return {}
        return found

    def save_results(self, results: Mapping[str, RuleLife]) -> None:
        """Remember these."""
        if self.path is None or not results:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
                db.execute(_SCHEMA)
                db.execute("BEGIN IMMEDIATE")
                rows = ((key, _serialize_life(life), time.time()) for key, life in results.items())
                db.executemany("REPLACE INTO result VALUES (?, ?, ?)", rows)
                db.execute(_DELETE_OLDEST, (MAX_RESULTS,))
                db.execute("COMMIT")
        except (sqlite3.Error, OSError):
            return


def build_key(*parts: str) -> str:
    """One key of all that a result rests on."""
    return hashlib.sha256(
        "\0".join((KEY_VERSION, program_digest(), *time.tzname, *parts)).encode()
    ).hexdigest()


@cache
def program_digest() -> str:
    """The program that judges, as one number: all its files, so that no list of them can forget one.

    The executable of a frozen build holds them in itself.
    """
    if getattr(sys, "frozen", False):
        return of_files([Path(sys.executable)])
    here = Path(agent.__path__[0])
    return of_files([here, here.with_name("uplink")])


def of_files(roots: Iterable[Path]) -> str:
    """The names and contents of files, and of all files in folders, as one number."""
    digest = hashlib.sha256()
    for root in roots:
        files = sorted(file for file in root.rglob("*") if file.is_file()) if root.is_dir() else [root]
        for file in files:
            if "__pycache__" not in file.parts:
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(root.parent)} {content}\n".encode())
    return digest.hexdigest()


def digest_history(past: DeviceHistory) -> str:
    """All that is known of one printer's past, as one number."""
    device = past.device
    digest = hashlib.sha256()
    for part in (
        (device.key, device.name, device.vendor, device.model, device.location, device.tags, device.contract),
        (past.since, past.until, past.first_answer, past.thinned, past.speed, past.supplies, past.silences),
        past.poll_interval,
        sorted(past.levels.items()),
        (past.pages, past.engine, past.state, past.errors, past.epochs),
        [(it.at, it.what, it.detail, it.count, it.noted) for it in past.device_events],
        [(it.began, it.ended, it.alert) for it in past.episodes],
    ):
        digest.update(repr(part).encode())
    return digest.hexdigest()


def serialize_rules(rules: RuleSet) -> str:
    """Serialize everything that decides the result of these rules."""
    return "\n".join(map(_serialize_rule, rules.rules.values())) + f"\n{rules.zone!r}"


def _serialize_rule(rule: Rule) -> str:
    plain = (
        rule.id, rule.title, rule.per, rule.timing, rule.schedule, rule.suppressions, rule.severity,
        rule.inhibited_by, rule.fault, rule.component, rule.impact.value, rule.scope, rule.shadow,
    )  # fmt: skip
    asked = [
        [_serialize_condition(it) for it in part] for part in (rule.all, rule.any, rule.none, rule.clear)
    ]
    return repr((plain, asked))


def _serialize_condition(it: Condition) -> tuple[object, ...]:
    return (
        it.signal.name,
        it.op,
        _ordered_value(it.value),
        [(name, _ordered_value(one)) for name, one in sorted(it.options.items())],
    )


def _ordered_value(value: object) -> object:
    """A set has no order of its own."""
    return sorted(map(str, value)) if isinstance(value, frozenset) else value


def _serialize_life(life: RuleLife) -> str:
    return json.dumps(asdict(life), ensure_ascii=False)


def _parse_life(text: str) -> RuleLife:
    raw = json.loads(text)
    return RuleLife(
        firings=tuple(Firing(**it) for it in raw["firings"]),
        spans=tuple(FiringSpan(**it) for it in raw["spans"]),
    )
