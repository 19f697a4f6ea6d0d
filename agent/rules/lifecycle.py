"""The life cycle of a rule's condition: pending, firing, recovering, quiet.

              holds              held for `for`
     QUIET ---------> PENDING -------------------> FIRING
       ^                 |                          |  ^
       |     ceased      |                  ceased  |  |  stands again:
       +-----------------+                          v  |  the same one
       +---------------------------------------- RECOVERING
       |         ceased for `keep_firing`
       +--- RESTING   quiet, but its openings are remembered: only rules with `flap`, only for its window

- Quiet is not stored: no state, no row.
- Between "holds" and "ceased" nothing moves: 9 and 11 % by turns are pending at 9, still pending at 11, and
  fire at 9. Only a reading that holds can make it fire.
- A printer that says nothing (None) moves nothing, and its silence counts for nothing: time runs only
  between two readings that are known, and not across a gap longer than `stale_after` (the agent was off),
  nor backwards when a clock is set back.
- What opens more than `max_opens` times in `window` is held: it is over only after `hold`, twice as long
  with each further return, up to eight times.
- When the life of the thing itself has ended (another cartridge, another part) it is over at once.
- Inhibition and suppression are laid over the states and do not change them. What was never announced is
  never announced as over.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.model import ChangeKind
from agent.rules.rule import Timing

MAX_HOLD_FACTOR = 8  # times `hold`


class Phase(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    RESTING = "resting"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleState:
    """The state of one rule for one subject."""

    phase: Phase
    began: float  # when the condition was first seen
    since: float  # start of the time that counts in this phase
    seen: float  # the last known reading that mattered
    stale: bool = False  # nothing known since `seen`
    announced: bool = False
    dropped: bool = False  # began in a time in which it is never notified
    opens: tuple[float, ...] = ()  # when it opened lately; only for rules with `flap`

    @property
    def is_active(self) -> bool:
        """True while it fires or recovers."""
        return self.phase in {Phase.FIRING, Phase.RECOVERING}


class NotifyDecision(StrEnum):
    """Decision on a notification."""

    NOW = "free"
    LATER = "later"  # inhibited or suppressed: notify afterwards if it still holds
    NEVER = "never"  # do not notify what begins now


def advance_state(
    state: LifecycleState | None,
    *,
    holds: bool | None,
    ceased: bool | None,
    now: float,
    timing: Timing,
    ended: bool = False,
) -> LifecycleState | None:
    """Return the state after one reading. `ceased` and `holds` are never both True.

    `ended`: the subject of the state is gone, for example because the cartridge was replaced.
    """
    if ended:
        state = None
    if state is None or state.phase is Phase.RESTING:
        if holds is not True:
            return _become_quiet(state, now, timing)
        opens = state.opens if state else ()
        state = LifecycleState(phase=Phase.PENDING, began=now, since=now, seen=now, opens=opens)
    waits = state.phase is Phase.PENDING
    stands = True if holds else None if ceased is None else not ceased
    if stands is None or (waits and holds is None):
        return state if state.stale else replace(state, stale=True)
    if stands and waits and not holds:
        return _skip_unwatched_time(state, now, timing.stale_after)
    return _continue_holding(state, now, timing) if stands else _continue_ceasing(state, now, timing)


def announce_change(
    before: LifecycleState | None,
    after: LifecycleState | None,
    *,
    decision: NotifyDecision = NotifyDecision.NOW,
) -> tuple[LifecycleState | None, ChangeKind | None]:
    """Return the change to report, and the state that remembers having reported it."""
    over = before is not None and before.announced
    if after is None or not after.announced:
        ended = ChangeKind.RESOLVED if over else None
        if after is None or ended:
            return after, ended
    fires = after.phase is Phase.FIRING and not after.stale
    if after.announced or after.dropped or not fires:
        return after, None
    if decision is NotifyDecision.NEVER:
        return replace(after, dropped=True), None
    if decision is NotifyDecision.LATER:
        return after, None
    return replace(after, announced=True), ChangeKind.OPENED


def resolve_delay(state: LifecycleState, timing: Timing) -> float:
    """Return how long it must have ceased before it resolves: longer while it flaps."""
    flap = timing.flap
    if flap is None or len(state.opens) <= flap.max_opens:
        return timing.keep_firing
    doubled: float = flap.hold * min(MAX_HOLD_FACTOR, 2 ** (len(state.opens) - flap.max_opens - 1))
    return max(timing.keep_firing, doubled)


def is_flapping(state: LifecycleState, timing: Timing) -> bool:
    """True if it opened more often than `flap` allows."""
    return timing.flap is not None and len(state.opens) > timing.flap.max_opens


def _continue_holding(state: LifecycleState, now: float, timing: Timing) -> LifecycleState:
    if state.phase is Phase.FIRING:  # no time counts while it fires
        return replace(state, stale=False) if state.stale else state
    if state.phase is Phase.RECOVERING:
        opens = _add_opening(state, now, timing) if is_flapping(state, timing) else state.opens
        return replace(state, phase=Phase.FIRING, stale=False, opens=opens)
    state = _skip_unwatched_time(state, now, timing.stale_after)
    if now - state.since < timing.for_duration:
        return state
    return replace(state, phase=Phase.FIRING, opens=_add_opening(state, now, timing))


def _continue_ceasing(state: LifecycleState, now: float, timing: Timing) -> LifecycleState | None:
    if state.phase is Phase.PENDING:
        return _become_quiet(state, now, timing)
    if state.phase is Phase.FIRING:
        state = replace(state, phase=Phase.RECOVERING, since=now, seen=now, stale=False)
    state = _skip_unwatched_time(state, now, timing.stale_after)
    return state if now - state.since < resolve_delay(state, timing) else _become_quiet(state, now, timing)


def _become_quiet(state: LifecycleState | None, now: float, timing: Timing) -> LifecycleState | None:
    """Quiet; with `flap` its openings are remembered while they count."""
    opens = _recent_openings(state, now, timing) if state else ()
    if state is None or not opens:
        return None
    if state.phase is Phase.RESTING and opens == state.opens:
        return state
    return LifecycleState(phase=Phase.RESTING, began=opens[0], since=now, seen=now, opens=opens)


def _add_opening(state: LifecycleState, now: float, timing: Timing) -> tuple[float, ...]:
    """One more opening; no more of them are kept than the longest hold needs."""
    if timing.flap is None:
        return ()
    return (*_recent_openings(state, now, timing), now)[-(timing.flap.max_opens + 4) :]


def _recent_openings(state: LifecycleState, now: float, timing: Timing) -> tuple[float, ...]:
    """Its openings of the last `window`; those of a time that has not come yet are no openings."""
    window = timing.flap.window if timing.flap else 0.0
    return tuple(at for at in state.opens if 0 <= now - at < window)


def _skip_unwatched_time(state: LifecycleState, now: float, gap: float) -> LifecycleState:
    """Return the state as seen now, without counting the time in which there were no readings."""
    unwatched = now - state.seen
    if state.stale or not 0 <= unwatched <= gap:
        state = replace(state, since=state.since + unwatched)
    return replace(state, seen=now, stale=False)
