"""The named sums of a printer's counters: total, mono, colour and large (A3), as an invoice needs them. Pure.

    mono    = the counter "mono", or else its parts by function: print + copy + fax + list + other
    colour  = everything that is not mono: "colour", "single_colour" and "two_colour", each whole or by parts
    large   = A3 and larger: "a3", or else its parts; these pages are in mono, colour and total, too
    total   = all pages; a total of the standard goes before a maker's

Promises:
- A sum rests on the same counters from read to read. Where one of them went away for good, or more came, the
  sum goes on from its last value: what was not counted by the old and the new ones is not billed.
- A sum that rests on a counter that is not billable now is null, with the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.model import Trust
from agent.history.meters.ledger import MeterCounter

NAMES = ("total", "mono", "colour", "large")
FUNCTIONS = frozenset({"print", "copy", "fax", "list", "other"})
_KINDS = frozenset({"mono", "colour", "single_colour", "two_colour"})
_METERS = {
    "total": ("total",),
    "mono": ("mono",),
    "colour": ("colour", "single_colour", "two_colour"),
    "large": ("a3",),
}
_STANDARD = "1.3.6.1.2.1."


class NullReason(StrEnum):
    """Why a sum is null."""

    ABSENT = "absent"  # the printer has no such counter
    IN_DOUBT = "in_doubt"  # a counter fell or jumped, and has not counted on for a day
    UNVERIFIED = "unverified"  # only a source that no second one confirms
    STALE = "stale"  # not read for two days


_REASONS = {Trust.ESTIMATED: NullReason.IN_DOUBT, Trust.STALE: NullReason.STALE}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSum:
    """One sum: its value, or why it is null; with the sources of the counters that it rests on."""

    name: str
    value: int | None = None
    reason: NullReason | None = None
    sources: tuple[str, ...] = ()
    offset: int = 0  # of the value against the counters, since the sources changed
    last: int | None = None  # the newest value that was not null


def build_sums(counters: Sequence[MeterCounter], before: Iterable[NamedSum]) -> tuple[NamedSum, ...]:
    """Build the sums; `before`: those of the last read."""
    known = {one.name: one for one in before}
    return tuple(_build_sum(name, counters, known.get(name)) for name in NAMES)


def _build_sum(name: str, counters: Sequence[MeterCounter], before: NamedSum | None) -> NamedSum:
    chosen = _choose(name, counters, before)
    if not chosen:
        absent = NamedSum(name=name, reason=NullReason.ABSENT)
        return replace(before, value=None, reason=NullReason.ABSENT) if before else absent
    sources = tuple(sorted(one.source for one in chosen))
    plain = sum(one.adjusted for one in chosen)
    same = before is not None and sources == before.sources
    offset, last = (before.offset, before.last) if before else (0, None)
    doubtful = next((one for one in chosen if not one.billable), None)
    if doubtful is not None:
        reason = _REASONS.get(doubtful.trust, NullReason.UNVERIFIED)
        kept = sources if before is None or last is None else before.sources
        return NamedSum(name=name, reason=reason, sources=kept, offset=offset, last=last)
    if not same and last is not None:
        offset = last - plain
    return NamedSum(name=name, value=plain + offset, sources=sources, offset=offset, last=plain + offset)


def _choose(name: str, counters: Sequence[MeterCounter], before: NamedSum | None) -> Sequence[MeterCounter]:
    """Choose the counters of a sum: those of the last read while they live, else the best there are."""
    old = [one for one in counters if before is not None and one.source in before.sources]
    alive = [one for one in counters if one.trust is not Trust.STALE]
    best = _find_parts(name, alive)
    lives = bool(old) and all(one.trust is not Trust.STALE for one in old)
    if before is not None and lives and len(old) == len(before.sources):
        more = {one.source for one in best} > set(before.sources)
        return best if more and all(one.billable for one in best) else old
    partly_gone = {one.source for one in best} < {one.source for one in old}
    return old if partly_gone else best or old


def _find_parts(name: str, counters: Sequence[MeterCounter]) -> list[MeterCounter]:
    """Find the counters that add up to a sum, among those in impressions."""
    printed = [one for one in counters if one.unit == "impressions"]
    found: list[MeterCounter] = []
    for meter in _METERS[name]:
        named = [one for one in printed if one.name == meter]
        whole = sorted((one for one in named if one.part is None), key=_preference)
        found += whole[:1] if whole else [] if name == "total" else _add_parts(named)
    return found


def _preference(counter: MeterCounter) -> tuple[bool, bool, str]:
    """Sort what is billable or in doubt first, then the standard's (1.3.6.1.2.1), then by source."""
    unverified = counter.trust is Trust.UNVERIFIED
    return unverified, not counter.source.startswith(_STANDARD), counter.source


def _add_parts(counters: Sequence[MeterCounter]) -> list[MeterCounter]:
    """Choose the parts that divide a meter: by kind alone if there are such, else by function."""
    by_words: dict[frozenset[str], MeterCounter] = {}
    for one in sorted(counters, key=_preference):
        words = frozenset((one.part or "").split())
        if words and words <= FUNCTIONS | _KINDS:
            by_words.setdefault(words, one)
    kinds = [one for words, one in by_words.items() if not words & FUNCTIONS]
    return kinds or list(by_words.values())
