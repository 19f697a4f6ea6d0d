"""What leaves the site: less where customer IT says so, and a journal of every message, field by field.

    message ──► remove, mask ──► outbox
                     └─────────► journal (the newest 10,000): `printwarden egress tail`, `egress show`

- Removing and masking come before the outbox: what is removed is in no queue and no journal.
- A removed value is taken out wherever it stands, also within titles and evidence. Keys that must stay the
  same for ever (device_key, dedupe_key) get a fingerprint of it instead.
- Each message says itself what was taken out (`privacy.removed`, `privacy.masked`), so that the provider
  does not take "not told" for "not known".
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from agent.model import Device

SCHEMA = (
    """
    CREATE TABLE egress (
        number INTEGER PRIMARY KEY,     -- agent_seq of the envelope
        at REAL NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL
    )
    """,
)
KEPT = 10_000
REMOVED = "[removed]"
FIELDS = ("ip", "hostname", "mac", "location", "contact", "asset_tag")  # of the message's `device`
KEYS = frozenset({"device_key", "dedupe_key", "subject"})
OURS = frozenset(
    [
        "schema",
        "event",
        "kind",
        "ticket_id",
        "idempotency_key",
        "observed_at",
        "opened_at",
        "agent_id",
        "version",
        "site_id",
        "rule_id",
        "fault_key",
        "impact",
        "severity",
    ]
)  # names that are made here: no printer's words are in them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`[egress]` of config.toml: which fields of a device do not leave, or not whole."""

    remove: frozenset[str] = frozenset()
    mask: frozenset[str] = frozenset()

    def apply(self, data: Mapping[str, Any], device: Device | None) -> dict[str, Any]:
        """`data` as it may leave."""
        if not self.remove and not self.mask:
            return dict(data)
        cleaned: dict[str, Any] = _swapped(dict(data), self._swaps(device))
        inner = cleaned.get("device")
        if isinstance(inner, dict):
            inner |= dict.fromkeys(self.remove & inner.keys())
        said = {
            "removed": sorted(f"device.{name}" for name in self.remove),
            "masked": sorted(f"device.{name}" for name in self.mask - self.remove),
        }
        return cleaned | {"privacy": said}

    def host_name(self, name: str) -> str:
        """The name of this machine as it may leave: "" where host names are removed."""
        return "" if "hostname" in self.remove else name

    def subject(self, text: str, device: Device | None) -> str:
        """The subject of a message about `device`, as it may leave: the same for ever."""
        return str(_swapped(text, self._swaps(device), "subject"))

    def _swaps(self, device: Device | None) -> list["_Swap"]:
        """What to exchange in a message about `device`, the longest value first."""
        values = {name: value for name, value in _values(device).items() if value}
        chosen = dict.fromkeys(self.remove & values.keys(), REMOVED)
        chosen |= {name: _masked(name, values[name]) for name in (self.mask - self.remove) & values.keys()}
        longest = sorted(chosen, key=lambda name: -len(values[name]))
        return [_Swap(_pattern(name, values[name]), values[name], chosen[name]) for name in longest]


class _Swap(NamedTuple):
    """A value that does not leave, however it is written, and what stands for it."""

    pattern: re.Pattern[str]
    value: str
    instead: str

    def within(self, text: str, key: str) -> str:
        """`text` without the value; in what must stay the same for ever, a fingerprint of it."""
        mark = blake2b(self.value.encode(), digest_size=6).hexdigest() if key in KEYS else self.instead
        return self.pattern.sub(lambda _: mark, text)


def _pattern(name: str, value: str) -> re.Pattern[str]:
    """The value where it stands alone: "10.0.0.3" is not in "10.0.0.31". A MAC in every notation, a host
    name with the domain behind it."""
    if name == "mac":
        body = "[:.-]?".join(map(re.escape, re.findall("..", value)))
    else:
        body = re.escape(value) + (r"(?:\.[\w-]+)*" if name == "hostname" else "")
    before = r"(?<!\w)" if value[0].isalnum() else ""
    after = r"(?!\w)" if value[-1].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the journal. `state`: "waiting", "dead" or "gone out"."""

    number: int
    at: float
    type: str
    subject: str
    state: str
    data: Mapping[str, Any]

    def fields(self) -> Iterator[tuple[str, Any]]:
        """("device.serial", "PHBLL12345"), … for every value in it."""
        yield from _flat("", self.data)


def place(complaint: object) -> str | None:
    """Where a complaint about a file is, without what is written there: "config.toml:6: network[1].cidr"."""
    lines = (_PLACE.match(line) for line in str(complaint or "").splitlines())
    places = [f"{Path(found[1]).name}{found[2]}" for found in lines if found]
    return "; ".join(places) or ("the configuration" if complaint else None)


_PLACE = re.compile(r"(\S.*?)(:\d+(?:: [\w.\[\]-]+(?=:))?)")


def note(
    tx: sqlite3.Connection, number: int, *, at: float, kind: str, subject: str, data: Mapping[str, Any]
) -> None:
    """Write a message into the journal, in the transaction that accepts it."""
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode()
    tx.execute("INSERT OR REPLACE INTO egress VALUES (?, ?, ?, ?, ?)", (number, at, kind, subject, text))
    tx.execute("DELETE FROM egress WHERE number <= ?", (number - KEPT,))


def tail(db: sqlite3.Connection, count: int) -> list[Message]:
    """The newest messages, the oldest of them first."""
    found = db.execute("SELECT * FROM egress ORDER BY number DESC LIMIT ?", (count,)).fetchall()
    return [_message(db, row) for row in reversed(found)]


def show(db: sqlite3.Connection, number: int) -> Message | None:
    """One message."""
    row = db.execute("SELECT * FROM egress WHERE number = ?", (number,)).fetchone()
    return None if row is None else _message(db, row)


def newest(db: sqlite3.Connection, kind: str, subject: str) -> Message | None:
    """The last message of a type about a subject."""
    row = db.execute(
        "SELECT * FROM egress WHERE type = ? AND subject = ? ORDER BY number DESC LIMIT 1", (kind, subject)
    ).fetchone()
    return None if row is None else _message(db, row)


def _message(db: sqlite3.Connection, row: sqlite3.Row) -> Message:
    return Message(
        number=row["number"],
        at=row["at"],
        type=row["type"],
        subject=row["subject"],
        state=_state(db, row["number"]),
        data=json.loads(row["data"]),
    )


def _state(db: sqlite3.Connection, number: int) -> str:
    for table, state in (("outbox_event", "waiting"), ("outbox_dead", "dead")):
        if db.execute(f"SELECT 1 FROM {table} WHERE seq = ?", (number,)).fetchone():  # noqa: S608 - constants
            return state
    return "gone out"


def _values(device: Device | None) -> dict[str, str | None]:
    """What a device is known by here, as it may stand in a text."""
    if device is None:
        return {}
    return {
        "ip": device.address.host,
        "mac": device.mac,
        "hostname": device.hostname,
        "location": device.location,
    }


def _masked(name: str, value: str) -> str:
    """Its first part: the network of an address, the maker of a MAC."""
    if name == "ip":
        return value.rpartition(".")[0] + ".x" if "." in value else value.split(":", maxsplit=1)[0] + "::x"
    return value[:6] + "x" * (len(value) - 6)


def _swapped(value: Any, swaps: Sequence[_Swap], key: str = "") -> Any:
    """`value` with each of `swaps` exchanged, wherever it stands, but for names that are our own."""
    if isinstance(value, Mapping):
        return {name: _swapped(inner, swaps, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_swapped(inner, swaps, key) for inner in value]
    if not isinstance(value, str) or key in OURS:
        return value
    for swap in swaps:
        value = swap.within(value, key)
    return value


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _flat(f"{path}[{number}]", inner)
    else:
        yield path, value
