"""The next reading of a counter: it goes on, or a new epoch begins. Pure.

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

Reasons for a new epoch, in the order in which they are checked:

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
    """The suspected reason of an epoch."""

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
    board: str | None = None  # MAC of the network board; None: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """A counter's value before it fell or jumped, kept for as long as it may come back."""

    raw: int
    adjusted: int
    at: float
    readings: int = 0  # since


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterState:
    """The state of a counter after its readings so far."""

    epoch: int
    opened: float  # when the epoch began
    at: float
    raw: int
    adjusted: int
    board: str | None = None
    left: RecoveryPoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRead:
    """One reading, judged. `why`, `before` and `gap` belong to an epoch that it opened."""

    at: float
    raw: int
    adjusted: int
    epoch: int
    trust: Trust
    why: EpochReason | None = None
    before: int | None = None
    gap: int = 0  # pages between the two values that are certain all the same


def advance_counter(state: CounterState | None, reading: CounterSample) -> tuple[CounterState, CounterRead]:
    """Judge a reading; return the new state of the counter and the judged read."""
    if state is None:
        return _start_counter(reading)
    if reading.at <= state.at:
        return state, CounterRead(
            at=reading.at,
            raw=reading.raw,
            adjusted=state.adjusted,
            epoch=state.epoch,
            trust=Trust.STALE,
        )
    why, gap = _find_border(state, reading)
    return _open_epoch(state, reading, why, gap) if why else _continue_epoch(state, reading)


def _start_counter(reading: CounterSample) -> tuple[CounterState, CounterRead]:
    at, raw = reading.at, reading.raw
    state = CounterState(epoch=1, opened=at, at=at, raw=raw, adjusted=raw, board=reading.board)
    return state, CounterRead(
        at=at, raw=raw, adjusted=raw, epoch=1, trust=Trust.MEASURED, why=EpochReason.FIRST
    )


def _find_border(state: CounterState, reading: CounterSample) -> tuple[EpochReason | None, int]:
    """Return the reason of a new epoch and the certain pages in between; None if the counter goes on."""
    risen = reading.raw - state.raw
    possible = _max_pages(reading.at - state.at)
    if reading.board and state.board and reading.board != state.board:
        return EpochReason.SWAP, risen if 0 <= risen <= possible else 0
    if risen < 0:
        for limit in COUNTER_LIMITS:
            through = limit + 1 + risen
            if limit - WRAP_MARGIN < state.raw <= limit and through <= possible:
                return EpochReason.WRAP, through
    if (back := _recovered_pages(state, reading)) is not None:
        return EpochReason.GLITCH, back
    if -PAGES_BETWEEN_SAVES <= risen < 0:
        return EpochReason.NVRAM, 0
    if risen < 0:
        return EpochReason.FELL, 0
    return (EpochReason.JUMPED, 0) if risen > possible else (None, 0)


def _max_pages(seconds: float) -> int:
    """Return the pages that a printer may print in that time."""
    return PAGE_TOLERANCE + int(
        MAX_BURST_RATE * min(seconds, BURST_SECONDS) + MAX_LASTING_RATE * max(0.0, seconds - BURST_SECONDS)
    )


def _recovered_pages(state: CounterState, reading: CounterSample) -> int | None:
    """Return the pages since the recovery point, if the counter is back there."""
    left = state.left
    if left is None or left.readings >= MAX_RECOVERY_READINGS:
        return None
    risen = reading.raw - left.raw
    if not 0 <= risen <= _max_pages(reading.at - left.at):
        return None
    return max(0, left.adjusted + risen - state.adjusted)


def _open_epoch(
    state: CounterState, reading: CounterSample, why: EpochReason, gap: int
) -> tuple[CounterState, CounterRead]:
    adjusted = state.adjusted + gap
    may_return = why in {EpochReason.FELL, EpochReason.NVRAM, EpochReason.JUMPED}
    now = CounterState(
        epoch=state.epoch + 1,
        opened=reading.at,
        at=reading.at,
        raw=reading.raw,
        adjusted=adjusted,
        board=reading.board or state.board,
        left=RecoveryPoint(raw=state.raw, adjusted=state.adjusted, at=state.at) if may_return else None,
    )
    certain = why in {EpochReason.WRAP, EpochReason.GLITCH} or (
        why is EpochReason.SWAP and reading.raw - state.raw == gap
    )
    return now, CounterRead(
        at=reading.at,
        raw=reading.raw,
        adjusted=adjusted,
        epoch=now.epoch,
        trust=_trust_level(now) if certain else Trust.ESTIMATED,
        why=why,
        before=state.raw,
        gap=gap,
    )


def _continue_epoch(state: CounterState, reading: CounterSample) -> tuple[CounterState, CounterRead]:
    left = state.left
    if left is not None:
        left = replace(left, readings=left.readings + 1)
    now = replace(
        state,
        at=reading.at,
        raw=reading.raw,
        adjusted=state.adjusted + reading.raw - state.raw,
        board=reading.board or state.board,
        left=left if left and left.readings < MAX_RECOVERY_READINGS else None,
    )
    return now, CounterRead(
        at=now.at, raw=now.raw, adjusted=now.adjusted, epoch=now.epoch, trust=_trust_level(now)
    )


def _trust_level(state: CounterState) -> Trust:
    """Return measured while raw and adjusted agree, else offset."""
    return Trust.MEASURED if state.adjusted == state.raw else Trust.OFFSET
