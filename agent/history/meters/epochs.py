"""The next reading of a counter: it goes on, or a new epoch begins. Pure.

    1000 ─ 1040 ─ 1100      ┆ 7 ─ 60 ─ 90       ┆ 4294967290 ─ ┆ 12
    epoch 1: 100 pages      ┆ epoch 2: 83 pages ┆              ┆ epoch 4: wrapped, 18 pages in between
                          fell                 jumped

    8250 ┆ 0 ─ 0 ─ 0 ┆ 8261     in doubt from the 0 on; back where it was: 11 pages, and no offset

Promises:
- Nothing is thrown away: the reading that opens an epoch is kept with the one before it and the suspected
  reason.
- `adjusted` never falls. It rises by what was counted inside epochs, and across a border only by pages
  that are certain: those of a wrap, of a passed glitch, of a board that went on counting.
- A counter that fell or jumped is in doubt: its pages are held until it has counted on by two more readings,
  a day after the border at the earliest. Then they are billed; should it come back to where it was, however
  late, the pages since then are billed instead. The same page is never billed twice.
- An unusually large rise is held, too, until the next reading agrees.
- A reading that comes late, from before the last one, is kept and changes nothing.

The reasons for a new epoch, in the order in which they are checked: `agent.history.meters.epoch_reasons`.
"""

from dataclasses import dataclass, replace

from agent.core.model import Trust
from agent.history.meters.epoch_reasons import EpochReason

COUNTER_LIMITS = (0xFFFFFF, 0xFFFFFFFF)  # HP-LASERJET-COMMON-MIB page counts; Counter32 (RFC 2578, 7.1.6)
MAX_BURST_RATE = 5.0  # pages a second, for an hour: 300 a minute, beyond any office printer
MAX_LASTING_RATE = 0.5  # pages a second, for longer: 1.3 million a month
BURST_SECONDS = 3600.0  # seconds
USUAL_RATE = 0.02  # pages a second: 1,700 a day, until the printer's own pace is known to be higher
PACE_FACTOR = 4  # times its own mean pace: what is still usual
PAGE_TOLERANCE = 1000  # pages that may come at once: jobs that are counted when they end
WRAP_MARGIN = 50_000  # pages from its end at which a counter may have wrapped
PAGES_BETWEEN_SAVES = 10  # pages between two writes to NVRAM
CONFIRMING_RISES = 2  # readings by which a counter in doubt must have risen
CONFIRMING_SECONDS = 86400.0  # seconds for which it stays in doubt at least
MAX_RECOVERY_POINTS = 3  # values that are kept, to which a counter may come back


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSample:
    """A counter as it was read."""

    at: float
    raw: int
    board: str | None = None  # MAC of the network board; None: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """A counter's value before it fell or jumped, to which it may come back."""

    raw: int
    adjusted: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterState:
    """The state of a counter after its readings so far."""

    epoch: int
    opened: float  # when the epoch began
    at: float
    raw: int
    adjusted: int
    board: str | None = None
    met: float  # time of the first reading
    met_raw: int
    held: int = 0  # pages that were counted, and are not billed before they are confirmed
    in_doubt: bool = False
    rises: int = 0  # readings that rose since it is in doubt
    left: tuple[RecoveryPoint, ...] = ()  # the newest last

    @property
    def trust(self) -> Trust:
        """Estimated while in doubt; measured if raw and adjusted agree; else offset."""
        if self.in_doubt:
            return Trust.ESTIMATED
        return Trust.MEASURED if self.adjusted + self.held == self.raw else Trust.OFFSET

    @property
    def point(self) -> RecoveryPoint:
        return RecoveryPoint(raw=self.raw, adjusted=self.adjusted, at=self.at)

    def usual_pages(self, seconds: float) -> int:
        """Return the pages that this printer usually prints at most in that time."""
        pace = (self.adjusted - self.met_raw) / max(self.at - self.met, CONFIRMING_SECONDS)
        return PAGE_TOLERANCE + int(max(USUAL_RATE, PACE_FACTOR * pace) * seconds)


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
        late = CounterRead(
            at=reading.at, raw=reading.raw, adjusted=state.adjusted, epoch=state.epoch, trust=Trust.STALE
        )
        return state, late
    opened = (
        _swap_board(state, reading)
        or _wrap(state, reading)
        or _return_from_glitch(state, reading)
        or _fall(state, reading)
        or _jump(state, reading)
    )
    if opened is None:
        now = _count_on(state, reading)
        return now, CounterRead(
            at=now.at, raw=now.raw, adjusted=now.adjusted, epoch=now.epoch, trust=now.trust
        )
    now, why = opened
    return now, CounterRead(
        at=now.at, raw=now.raw, adjusted=now.adjusted, epoch=now.epoch, trust=now.trust,
        why=why, before=state.raw, gap=now.adjusted - state.adjusted,
    )  # fmt: skip


def _start_counter(reading: CounterSample) -> tuple[CounterState, CounterRead]:
    at, raw = reading.at, reading.raw
    state = CounterState(
        epoch=1, opened=at, at=at, raw=raw, adjusted=raw, board=reading.board, met=at, met_raw=raw
    )
    return state, CounterRead(
        at=at, raw=raw, adjusted=raw, epoch=1, trust=Trust.MEASURED, why=EpochReason.FIRST
    )


OpenedEpoch = tuple[CounterState, EpochReason]


def _swap_board(state: CounterState, reading: CounterSample) -> OpenedEpoch | None:
    """Another network board: pages go on if the count does; else the counter is in doubt."""
    if not reading.board or not state.board or reading.board == state.board:
        return None
    risen = reading.raw - state.raw
    if state.in_doubt or not 0 <= risen <= state.usual_pages(reading.at - state.at):
        return _begin_doubt(state, reading), EpochReason.SWAP
    return _open_epoch(state, reading, adjusted=state.adjusted + state.held + risen), EpochReason.SWAP


def _wrap(state: CounterState, reading: CounterSample) -> OpenedEpoch | None:
    """The counter began again at its end. A 0 is never the proof of it: that, each broken counter shows."""
    if state.in_doubt or reading.raw == 0 or reading.raw >= state.raw:
        return None
    through = _pages_through_end(state.raw, reading.raw)
    if through is None or through > state.usual_pages(reading.at - state.at):
        return None
    return _open_epoch(state, reading, adjusted=state.adjusted + state.held + through), EpochReason.WRAP


def _pages_through_end(before: int, raw: int) -> int | None:
    """Return the pages from `before` over the end of the counter to `raw`; None far from its end."""
    ends = (limit for limit in COUNTER_LIMITS if limit - WRAP_MARGIN < before <= limit)
    return next((end + 1 - before + raw for end in ends), None)


def _return_from_glitch(state: CounterState, reading: CounterSample) -> OpenedEpoch | None:
    """The counter is back where it was: count from there, and count no page twice."""
    for place in reversed(range(len(state.left))):
        adjusted = _recovered_value(state, reading, state.left[place])
        if adjusted is not None:
            now = _open_epoch(state, reading, adjusted=max(state.adjusted, adjusted))
            return replace(now, left=state.left[:place]), EpochReason.GLITCH
    return None


def _recovered_value(state: CounterState, reading: CounterSample, point: RecoveryPoint) -> int | None:
    """Return the adjusted value that the reading has as seen from `point`; None if it is not back there.

    While in doubt, any usual number of pages may have been printed since `point`. A confirmed counter has
    counted them: it is back only if it shows exactly those, and the ones since the last reading.
    """
    counted = state.adjusted - point.adjusted
    if state.in_doubt or state.held:
        most = state.usual_pages(reading.at - point.at)
    else:
        most = counted + state.usual_pages(reading.at - state.at)
    since = [reading.raw - point.raw]
    if reading.raw > 0 and (through := _pages_through_end(point.raw, reading.raw)) is not None:
        since.append(through)
    return next((point.adjusted + pages for pages in since if counted <= pages <= most), None)


def _fall(state: CounterState, reading: CounterSample) -> OpenedEpoch | None:
    risen = reading.raw - state.raw
    if risen >= 0:
        return None
    if risen >= -PAGES_BETWEEN_SAVES and reading.raw > 0 and not state.in_doubt:
        now = _open_epoch(state, reading, adjusted=state.adjusted)
        return replace(now, left=_add_point(state)), EpochReason.NVRAM
    return _begin_doubt(state, reading), EpochReason.FELL


def _jump(state: CounterState, reading: CounterSample) -> OpenedEpoch | None:
    """A rise that cannot have been printed; in doubt and from a 0, one that is not usual is enough."""
    seconds = reading.at - state.at
    doubtful = state.in_doubt or state.raw == 0
    most = state.usual_pages(seconds) if doubtful else _max_pages(seconds)
    return (_begin_doubt(state, reading), EpochReason.JUMPED) if reading.raw - state.raw > most else None


def _max_pages(seconds: float) -> int:
    """Return the pages that a printer may print in that time."""
    return PAGE_TOLERANCE + int(
        MAX_BURST_RATE * min(seconds, BURST_SECONDS) + MAX_LASTING_RATE * max(0.0, seconds - BURST_SECONDS)
    )


def _open_epoch(state: CounterState, reading: CounterSample, *, adjusted: int) -> CounterState:
    """Return the state in a new epoch that counts on from this reading."""
    return replace(
        state, epoch=state.epoch + 1, opened=reading.at, at=reading.at, raw=reading.raw, adjusted=adjusted,
        board=reading.board or state.board, held=0, in_doubt=False, rises=0, left=(),
    )  # fmt: skip


def _begin_doubt(state: CounterState, reading: CounterSample) -> CounterState:
    """Return the state in a new epoch that is in doubt; it may come back to where it was."""
    now = _open_epoch(state, reading, adjusted=state.adjusted)
    return replace(now, in_doubt=True, left=_add_point(state))


def _add_point(state: CounterState) -> tuple[RecoveryPoint, ...]:
    """Add the value of a counter to its recovery points, unless that value is itself unconfirmed."""
    if state.in_doubt or state.held:
        return state.left
    return (*state.left, state.point)[-MAX_RECOVERY_POINTS:]


def _count_on(state: CounterState, reading: CounterSample) -> CounterState:
    """Return the state in the same epoch, with the pages billed or held."""
    seconds, risen = reading.at - state.at, reading.raw - state.raw
    now = replace(state, at=reading.at, raw=reading.raw, board=reading.board or state.board)
    if state.in_doubt:
        counted = risen if state.raw else 0  # a 0 was no count: pages are held from the first number on
        rises, held = state.rises + (counted > 0), state.held + counted
        if rises < CONFIRMING_RISES or now.at - state.opened < CONFIRMING_SECONDS:
            return replace(now, held=held, rises=rises)
        return replace(now, adjusted=state.adjusted + held, held=0, in_doubt=False, rises=0)
    left = state.left[:-1] if state.held else state.left  # this reading agrees with the rise that was held
    billed = state.adjusted + state.held
    if risen > state.usual_pages(seconds):
        before = RecoveryPoint(raw=state.raw, adjusted=billed, at=state.at)
        return replace(now, adjusted=billed, held=risen, left=(*left, before)[-MAX_RECOVERY_POINTS:])
    return replace(now, adjusted=billed + risen, held=0, left=left)
