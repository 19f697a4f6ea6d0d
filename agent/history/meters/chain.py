"""The hash chain of a printer's daily reads: a change to a stored read shows, on site and at the provider.

    hash = SHA-256( hash of the link before, 32 bytes ‖ the text of the link, UTF-8 )

The text of a link is its fields, joined by U+001F (unit separator): integers in decimal, times in
milliseconds since 1970-01-01 UTC, "" for null. The order (`docs/provider.md` has a worked example):

    "2"                                                               the version
    read_at, day
    number of counters, then of each: name, part, unit, source, read_at, raw, adjusted, epoch, trust,
                                      billable (1 or 0)
    number of borders, then of each:  name, part, source, epoch, at, why, before, first, gap
    number of sums, then of each:     name, value

Version 1 (up to the state files of 2026) hashed each read of each counter, as a JSON list. Its links stay in
the chain: the last hash of version 1 is the hash before the first link of version 2, and numbers go on.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.core.units import counted

START_HASH = bytes(32)
SEPARATOR = "\x1f"
VERSION = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One stored link: what was hashed, and the hash that was stored with it."""

    number: int  # counted from 1, over both versions
    text: str
    stored: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEnd:
    """A place in a chain: after `number` links the hash is `head`."""

    number: int = 0
    head: bytes = START_HASH


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBreak:
    """The place at which a chain does not hold."""

    place: int  # counted from 1
    reason: str


def hash_link(before: bytes, text: str) -> bytes:
    """Compute the hash of a link that follows the one with the hash `before`."""
    return hashlib.sha256(before + text.encode("utf-8")).digest()


def join_fields(fields: Iterable[str | int | bool | None]) -> str:
    """Return the fields of a link as the text that is hashed."""
    return SEPARATOR.join(
        "" if field is None else str(int(field) if isinstance(field, bool) else field) for field in fields
    )


def write_first_version(read: Sequence[object]) -> str:
    """Return a read of version 1 as the text that was hashed: the columns of its row, without the hash."""
    return json.dumps(list(read), ensure_ascii=False, separators=(",", ":"))


def verify_chain(links: Iterable[ChainLink], *, start: ChainEnd, end: ChainEnd) -> ChainBreak | None:
    """Find the first break in the links after `start`; None if they hold and lead to `end`."""
    place, before = start.number, start.head
    for link in links:
        if link.number != place + 1:
            return ChainBreak(place=place + 1, reason="the read is missing")
        place = link.number
        if hash_link(before, link.text) != link.stored:
            return ChainBreak(
                place=place, reason="the read is not the one that was stored, or one before it is missing"
            )
        before = link.stored
    if place != end.number:
        return ChainBreak(place=place + 1, reason=f"{counted(place, 'read')} where {end.number} were stored")
    if before != end.head:
        return ChainBreak(place=place, reason="the last read is not the one that was stored last")
    return None


def compare_heads(
    links: Iterable[ChainLink], provider: Mapping[int, str], *, start: ChainEnd
) -> dict[int, str]:
    """Compare the provider's heads (by number of reads, in hex) with a chain that holds; one verdict each."""
    stored = {start.number: start.head.hex()} | {link.number: link.stored.hex() for link in links}

    def judge(number: int, head: str) -> str:
        if number in stored:
            return "agrees" if stored[number] == head.lower() else "differs"
        return "no longer kept" if number < start.number else "missing here"

    return {number: judge(number, head) for number, head in sorted(provider.items())}
