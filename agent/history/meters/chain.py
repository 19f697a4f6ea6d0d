"""The hash that makes a change to a stored read show.

    hash = SHA-256( hash of the printer's read before ‖ the read, written out )

A read that was changed no longer has its hash; one that was taken out or put in breaks the hash of the
next; the last ones cannot go unseen, because their number and the last hash are kept beside the chain.
It shows a change, unless all later hashes were written anew as well: against that, the last hash goes to
the provider with each daily read.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.core.units import counted

START_HASH = bytes(32)

ChainRow = Sequence[object]
"""The columns of a stored read, in the order of the table, without its own hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBreak:
    """The place at which a chain does not hold."""

    place: int  # counted from 1
    reason: str


def hash_read(before: bytes, read: ChainRow) -> bytes:
    """Compute the hash of a read that follows the one with the hash `before`."""
    written = json.dumps(list(read), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + written.encode("utf-8")).digest()


def verify_chain(
    reads: Iterable[tuple[ChainRow, bytes]], *, start: bytes, count: int, head: bytes
) -> ChainBreak | None:
    """Find the first break in a chain of (read, its hash) that begins after `start`; None if it holds.

    `count` and `head`: the expected number of reads, and the hash of the last.
    """
    before, place = start, 0
    for place, (read, stored) in enumerate(reads, start=1):
        expected = hash_read(before, read)
        if stored != expected:
            return ChainBreak(
                place=place, reason="the read is not the one that was stored, or one before it is missing"
            )
        before = stored
    if place != count:
        return ChainBreak(place=place + 1, reason=f"{counted(place, 'read')} where {count} were stored")
    if before != head:
        return ChainBreak(place=place, reason="the last read is not the one that was stored last")
    return None
