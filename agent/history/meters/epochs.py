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

LIMITS = (0xFFFFFF, 0xFFFFFFFF)  # HP-LASERJET-COMMON-MIB page counts; Counter32 (RFC 2578, 7.1.6)
FASTEST = 5.0  # pages a second, for an hour: 300 a minute, beyond any office printer
LASTING = 0.5  # pages a second, for longer: 1.3 million a month
BURST = 3600.0  # seconds
SLACK = 1000  # pages that may come at once: jobs that are counted when they end
NEAR = 50_000  # pages from its end at which a counter may have wrapped
SAVED_EVERY = 10  # pages between two writes to NVRAM
RECOVERS_WITHIN = 2  # readings


class Why(StrEnum):
    """What opened an epoch, as far as it can be suspected."""

    FIRST = "first reading"
    SWAP = "another network board"
    WRAP = "wrapped"
    GLITCH = "back after a glitch"
    NVRAM = "fell by a few pages: power lost before they were saved"
    FELL = "fell: new board or cleared memory"
    JUMPED = "rose faster than it can print"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A counter as it was read."""

    at: float
    raw: int
    board: str | None = None  # MAC of the network board; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Where a counter stood before it fell or jumped, for as long as it may come back."""

    raw: int
    adjusted: int
    at: float
    readings: int = 0  # since


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a counter stands after its readings so far."""

    epoch: int
    opened: float  # when the epoch began
    at: float
    raw: int
    adjusted: int
    board: str | None = None
    left: Left | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one reading came to. `why`, `before` and `gap` are those of an epoch that it opened."""

    at: float
    raw: int
    adjusted: int
    epoch: int
    trust: Trust
    why: Why | None = None
    before: int | None = None
    gap: int = 0  # pages between the two values that are certain all the same


def step(standing: Standing | None, reading: Reading) -> tuple[Standing, Read]:
    """Where the counter stands with this reading, and what the reading came to."""
    if standing is None:
        return _first(reading)
    if reading.at <= standing.at:
        return standing, Read(
            at=reading.at,
            raw=reading.raw,
            adjusted=standing.adjusted,
            epoch=standing.epoch,
            trust=Trust.STALE,
        )
    why, gap = _border(standing, reading)
    return _open(standing, reading, why, gap) if why else _go_on(standing, reading)


def _first(reading: Reading) -> tuple[Standing, Read]:
    at, raw = reading.at, reading.raw
    standing = Standing(epoch=1, opened=at, at=at, raw=raw, adjusted=raw, board=reading.board)
    return standing, Read(at=at, raw=raw, adjusted=raw, epoch=1, trust=Trust.MEASURED, why=Why.FIRST)


def _border(standing: Standing, reading: Reading) -> tuple[Why | None, int]:
    """Why a new epoch begins, and the pages in between that are certain; None where it goes on."""
    risen = reading.raw - standing.raw
    possible = _possible(reading.at - standing.at)
    if reading.board and standing.board and reading.board != standing.board:
        return Why.SWAP, risen if 0 <= risen <= possible else 0
    if risen < 0:
        for limit in LIMITS:
            through = limit + 1 + risen
            if limit - NEAR < standing.raw <= limit and through <= possible:
                return Why.WRAP, through
    if (back := _back(standing, reading)) is not None:
        return Why.GLITCH, back
    if -SAVED_EVERY <= risen < 0:
        return Why.NVRAM, 0
    if risen < 0:
        return Why.FELL, 0
    return (Why.JUMPED, 0) if risen > possible else (None, 0)


def _possible(seconds: float) -> int:
    """How many pages a printer may print in that time."""
    return SLACK + int(FASTEST * min(seconds, BURST) + LASTING * max(0.0, seconds - BURST))


def _back(standing: Standing, reading: Reading) -> int | None:
    """The pages since it left, if the counter is back where it may be without one."""
    left = standing.left
    if left is None or left.readings >= RECOVERS_WITHIN:
        return None
    risen = reading.raw - left.raw
    if not 0 <= risen <= _possible(reading.at - left.at):
        return None
    return max(0, left.adjusted + risen - standing.adjusted)


def _open(standing: Standing, reading: Reading, why: Why, gap: int) -> tuple[Standing, Read]:
    adjusted = standing.adjusted + gap
    may_return = why in {Why.FELL, Why.NVRAM, Why.JUMPED}
    now = Standing(
        epoch=standing.epoch + 1,
        opened=reading.at,
        at=reading.at,
        raw=reading.raw,
        adjusted=adjusted,
        board=reading.board or standing.board,
        left=Left(raw=standing.raw, adjusted=standing.adjusted, at=standing.at) if may_return else None,
    )
    certain = why in {Why.WRAP, Why.GLITCH} or (why is Why.SWAP and reading.raw - standing.raw == gap)
    return now, Read(
        at=reading.at,
        raw=reading.raw,
        adjusted=adjusted,
        epoch=now.epoch,
        trust=_trust(now) if certain else Trust.ESTIMATED,
        why=why,
        before=standing.raw,
        gap=gap,
    )


def _go_on(standing: Standing, reading: Reading) -> tuple[Standing, Read]:
    left = standing.left
    if left is not None:
        left = replace(left, readings=left.readings + 1)
    now = replace(
        standing,
        at=reading.at,
        raw=reading.raw,
        adjusted=standing.adjusted + reading.raw - standing.raw,
        board=reading.board or standing.board,
        left=left if left and left.readings < RECOVERS_WITHIN else None,
    )
    return now, Read(at=now.at, raw=now.raw, adjusted=now.adjusted, epoch=now.epoch, trust=_trust(now))


def _trust(standing: Standing) -> Trust:
    """Measured while the two agree; else carried on by an offset that is known."""
    return Trust.MEASURED if standing.adjusted == standing.raw else Trust.OFFSET
