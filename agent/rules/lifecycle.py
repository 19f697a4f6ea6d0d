"""When a condition becomes a fact, and when it is over.

              holds              held for `for`
     QUIET ---------> PENDING -------------------> FIRING
       ^                 |                          |  ^
       |  holds no more  |                  ceased  |  |  stands again:
       +-----------------+                          v  |  the same one
       +---------------------------------------- RECOVERING
                 ceased for `keep_firing`

- Quiet is not stored: no state, no row.
- A printer that says nothing (None) moves nothing, and its silence counts for nothing: time runs only
  between two readings that are known, and not across a gap longer than `stale_after` (the agent was off),
  nor backwards when a clock is set back.
- Inhibition is laid over the states and does not change them. What was never announced is never
  announced as over.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from agent.model import ChangeKind
from agent.rules.rule import Patience


class Phase(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where one rule stands with one subject."""

    phase: Phase
    began: float  # when the condition was first seen
    since: float  # start of the time that counts in this phase
    seen: float  # the last known reading that mattered
    stale: bool = False  # nothing known since `seen`
    announced: bool = False


def step(
    state: State | None, *, holds: bool | None, ceased: bool | None, now: float, patience: Patience
) -> State | None:
    """The state after one reading. `ceased` and `holds` are never both True."""
    if state is None:
        if holds is not True:
            return None
        state = State(phase=Phase.PENDING, began=now, since=now, seen=now)
    stands = holds if state.phase is Phase.PENDING else None if ceased is None else not ceased
    if stands is None:
        return replace(state, stale=True)
    if stands:
        return _stand(state, now, patience)
    return _cease(state, now, patience)


def announce(
    before: State | None, after: State | None, *, hushed: bool
) -> tuple[State | None, ChangeKind | None]:
    """What to tell of a step, and the state that remembers having told it."""
    if after is None:
        return None, ChangeKind.RESOLVED if before and before.announced else None
    speaks = after.phase is Phase.FIRING and not after.stale and not hushed
    if speaks and not after.announced:
        return replace(after, announced=True), ChangeKind.OPENED
    return after, None


def _stand(state: State, now: float, patience: Patience) -> State:
    if state.phase is not Phase.PENDING:  # no time counts while it fires
        return replace(state, phase=Phase.FIRING, stale=False)
    state = _awake(state, now, patience.gap)
    return replace(state, phase=Phase.FIRING) if now - state.since >= patience.hold else state


def _cease(state: State, now: float, patience: Patience) -> State | None:
    if state.phase is Phase.PENDING:
        return None
    if state.phase is Phase.FIRING:
        state = replace(state, phase=Phase.RECOVERING, since=now, seen=now, stale=False)
    state = _awake(state, now, patience.gap)
    return state if now - state.since < patience.keep else None


def _awake(state: State, now: float, gap: float) -> State:
    """The state, seen now, with the time that nobody watched taken out of its count."""
    unwatched = now - state.seen
    if state.stale or not 0 <= unwatched <= gap:
        state = replace(state, since=state.since + unwatched)
    return replace(state, seen=now, stale=False)
