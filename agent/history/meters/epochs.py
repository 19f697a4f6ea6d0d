"""What a counter's next reading means: it goes on, or a new epoch begins. Pure.

    1000 ─ 1040 ─ 1100      ┆ 7 ─ 60 ─ 90       ┆ 4294967290 ─ ┆ 12
    epoch 1: 100 pages      ┆ epoch 2: 83 pages ┆              ┆ epoch 4: wrapped, 18 pages in between
                          fell                 jumped

Promises:
- Nothing is thrown away: the reading that opens an epoch is kept with the one before it and the reason
  that is suspected.
- `adjusted` never falls. It rises by what was counted inside epochs, and across a border only by pages
  that are certain: those of a wrap, of a passed glitch, of a board that went on counting.
- Billed pages = the sum over the epochs of (last - first + gap); never below zero.
- A reading that comes late, from before the last one, is kept and changes nothing.

Why a counter does not just go on, in the order in which it is decided:

    SWAP     the network board is another one
    WRAP     it was near its end (HP counts to 16,777,215, Counter32 to 4,294,967,295) and began again
    GLITCH   it had fallen or jumped, and within two readings is back where it was
    NVRAM    it fell by ten pages at most: HP saves its counters every ten pages
    FELL     any other fall: a new engine or formatter board, a cleared memory
    JUMPED   it rose faster than any printer prints
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.model import Trust

COUNTER_LIMITS = (0xFFFFFF, 0xFFFFFFFF)  # HP-LASERJET-COMMON-MIB page counts; Counter32 (RFC 2578, 7.1.6)
MAX_BURST_RATE = 5.0  # pages a second, for an hour: 300 a minute, beyond any office printer
MAX_LASTING_RATE = 0.5  # pages a second, for longer: 1.3 million a month
BURST_SECONDS = 3600.0  # seconds
PAGE_TOLERANCE = 1000  # pages that may come at once: jobs that are counted when they end
WRAP_MARGIN = 50_000  # pages from its end at which a counter may have wrapped
PAGES_BETWEEN_SAVES = 10  # pages between two writes to NVRAM
MAX_RECOVERY_READINGS = 2  # readings


class EpochReason(StrEnum):
    """What opened an epoch, as far as it can be suspected."""

    FIRST = "first reading"
    SWAP = "another network board"
    WRAP = "wrapped"
    GLITCH = "back after a glitch"
    NVRAM = "fell by a few pages: power lost before they were saved"
    FELL = "fell: new board or cleared memory"
    JUMPED = "rose faster than it can print"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSample:
    """A counter as it was read."""

    at: float
    raw: int
    board: str | None = None  # MAC of the network board; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """Where a counter stood before it fell or jumped, for as long as it may come back."""

    raw: int
    adjusted: int
    at: float
    readings: int = 0  # since


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterState:
    """Where a counter stands after its readings so far."""

    epoch: int
    opened: float  # when the epoch began
    at: float
    raw: int
    adjusted: int
    board: str | None = None
    left: RecoveryPoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRead:
    """What one reading came to. `why`, `before` and `gap` are those of an epoch that it opened."""

    at: float
    raw: int
    adjusted: int
    epoch: int
    trust: Trust
    why: EpochReason | None = None
    before: int | None = None
    gap: int = 0  # pages between the two values that are certain all the same


def advance_counter(
    standing: CounterState | None, reading: CounterSample
) -> tuple[CounterState, CounterRead]:
    """Where the counter stands with this reading, and what the reading came to."""
    if standing is None:
        return _start_counter(reading)
    if reading.at <= standing.at:
        return standing, CounterRead(
            at=reading.at,
            raw=reading.raw,
            adjusted=standing.adjusted,
            epoch=standing.epoch,
            trust=Trust.STALE,
        )
    why, gap = _find_border(standing, reading)
    return _open_epoch(standing, reading, why, gap) if why else _continue_epoch(standing, reading)


def _start_counter(reading: CounterSample) -> tuple[CounterState, CounterRead]:
    at, raw = reading.at, reading.raw
    standing = CounterState(epoch=1, opened=at, at=at, raw=raw, adjusted=raw, board=reading.board)
    return standing, CounterRead(
        at=at, raw=raw, adjusted=raw, epoch=1, trust=Trust.MEASURED, why=EpochReason.FIRST
    )


def _find_border(standing: CounterState, reading: CounterSample) -> tuple[EpochReason | None, int]:
    """Why a new epoch begins, and the pages in between that are certain; None where it goes on."""
    risen = reading.raw - standing.raw
    possible = _max_pages(reading.at - standing.at)
    if reading.board and standing.board and reading.board != standing.board:
        return EpochReason.SWAP, risen if 0 <= risen <= possible else 0
    if risen < 0:
        for limit in COUNTER_LIMITS:
            through = limit + 1 + risen
            if limit - WRAP_MARGIN < standing.raw <= limit and through <= possible:
                return EpochReason.WRAP, through
    if (back := _recovered_pages(standing, reading)) is not None:
        return EpochReason.GLITCH, back
    if -PAGES_BETWEEN_SAVES <= risen < 0:
        return EpochReason.NVRAM, 0
    if risen < 0:
        return EpochReason.FELL, 0
    return (EpochReason.JUMPED, 0) if risen > possible else (None, 0)


def _max_pages(seconds: float) -> int:
    """How many pages a printer may print in that time."""
    return PAGE_TOLERANCE + int(
        MAX_BURST_RATE * min(seconds, BURST_SECONDS) + MAX_LASTING_RATE * max(0.0, seconds - BURST_SECONDS)
    )


def _recovered_pages(standing: CounterState, reading: CounterSample) -> int | None:
    """The pages since it left, if the counter is back where it may be without one."""
    left = standing.left
    if left is None or left.readings >= MAX_RECOVERY_READINGS:
        return None
    risen = reading.raw - left.raw
    if not 0 <= risen <= _max_pages(reading.at - left.at):
        return None
    return max(0, left.adjusted + risen - standing.adjusted)


def _open_epoch(
    standing: CounterState, reading: CounterSample, why: EpochReason, gap: int
) -> tuple[CounterState, CounterRead]:
    adjusted = standing.adjusted + gap
    may_return = why in {EpochReason.FELL, EpochReason.NVRAM, EpochReason.JUMPED}
    now = CounterState(
        epoch=standing.epoch + 1,
        opened=reading.at,
        at=reading.at,
        raw=reading.raw,
        adjusted=adjusted,
        board=reading.board or standing.board,
        left=RecoveryPoint(raw=standing.raw, adjusted=standing.adjusted, at=standing.at)
        if may_return
        else None,
    )
    certain = why in {EpochReason.WRAP, EpochReason.GLITCH} or (
        why is EpochReason.SWAP and reading.raw - standing.raw == gap
    )
    return now, CounterRead(
        at=reading.at,
        raw=reading.raw,
        adjusted=adjusted,
        epoch=now.epoch,
        trust=_trust_level(now) if certain else Trust.ESTIMATED,
        why=why,
        before=standing.raw,
        gap=gap,
    )


def _continue_epoch(standing: CounterState, reading: CounterSample) -> tuple[CounterState, CounterRead]:
    left = standing.left
    if left is not None:
        left = replace(left, readings=left.readings + 1)
    now = replace(
        standing,
        at=reading.at,
        raw=reading.raw,
        adjusted=standing.adjusted + reading.raw - standing.raw,
        board=reading.board or standing.board,
        left=left if left and left.readings < MAX_RECOVERY_READINGS else None,
    )
    return now, CounterRead(
        at=now.at, raw=now.raw, adjusted=now.adjusted, epoch=now.epoch, trust=_trust_level(now)
    )


def _trust_level(standing: CounterState) -> Trust:
    """Measured while the two agree; else carried on by an offset that is known."""
    return Trust.MEASURED if standing.adjusted == standing.raw else Trust.OFFSET
