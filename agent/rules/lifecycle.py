"""When a condition becomes a fact, and when it is over.

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
from agent.rules.rule import Patience

LONGEST = 8  # times `hold`


class Phase(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    RESTING = "resting"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where one rule stands with one subject."""

    phase: Phase
    began: float  # when the condition was first seen
    since: float  # start of the time that counts in this phase
    seen: float  # the last known reading that mattered
    stale: bool = False  # nothing known since `seen`
    announced: bool = False
    dropped: bool = False  # began in a time in which it is never told
    opens: tuple[float, ...] = ()  # when it opened lately; only for rules with `flap`

    @property
    def active(self) -> bool:
        """Whether it is a fact now."""
        return self.phase in {Phase.FIRING, Phase.RECOVERING}


class Voice(StrEnum):
    """Whether a rule may speak up now."""

    FREE = "free"
    LATER = "later"  # another one speaks, or it is not the time: told afterwards if it still holds
    NEVER = "never"  # what begins now is not told at all


def step(
    state: State | None,
    *,
    holds: bool | None,
    ceased: bool | None,
    now: float,
    patience: Patience,
    ended: bool = False,
) -> State | None:
    """The state after one reading. `ceased` and `holds` are never both True.

    `ended`: what the state was about is no more, whatever the reading says of its successor.
    """
    if ended:
        state = None
    if state is None or state.phase is Phase.RESTING:
        if holds is not True:
            return _rest(state, now, patience)
        opens = state.opens if state else ()
        state = State(phase=Phase.PENDING, began=now, since=now, seen=now, opens=opens)
    waits = state.phase is Phase.PENDING
    stands = True if holds else None if ceased is None else not ceased
    if stands is None or (waits and holds is None):
        return state if state.stale else replace(state, stale=True)
    if stands and waits and not holds:
        return _awake(state, now, patience.gap)
    return _stand(state, now, patience) if stands else _cease(state, now, patience)


def announce(
    before: State | None, after: State | None, *, voice: Voice = Voice.FREE
) -> tuple[State | None, ChangeKind | None]:
    """What to tell of a step, and the state that remembers having told it."""
    over = before is not None and before.announced
    if after is None or not after.announced:
        ended = ChangeKind.RESOLVED if over else None
        if after is None or ended:
            return after, ended
    fires = after.phase is Phase.FIRING and not after.stale
    if after.announced or after.dropped or not fires:
        return after, None
    if voice is Voice.NEVER:
        return replace(after, dropped=True), None
    if voice is Voice.LATER:
        return after, None
    return replace(after, announced=True), ChangeKind.OPENED


def keep(state: State, patience: Patience) -> float:
    """How long it must have ceased before it is over: longer for what comes and goes."""
    flap = patience.flap
    if flap is None or len(state.opens) <= flap.most:
        return patience.keep
    doubled: float = flap.hold * min(LONGEST, 2 ** (len(state.opens) - flap.most - 1))
    return max(patience.keep, doubled)


def held(state: State, patience: Patience) -> bool:
    """Whether it has come and gone too often to be believed."""
    return patience.flap is not None and len(state.opens) > patience.flap.most


def _stand(state: State, now: float, patience: Patience) -> State:
    if state.phase is Phase.FIRING:  # no time counts while it fires
        return replace(state, stale=False) if state.stale else state
    if state.phase is Phase.RECOVERING:
        opens = _opened(state, now, patience) if held(state, patience) else state.opens
        return replace(state, phase=Phase.FIRING, stale=False, opens=opens)
    state = _awake(state, now, patience.gap)
    if now - state.since < patience.hold:
        return state
    return replace(state, phase=Phase.FIRING, opens=_opened(state, now, patience))


def _cease(state: State, now: float, patience: Patience) -> State | None:
    if state.phase is Phase.PENDING:
        return _rest(state, now, patience)
    if state.phase is Phase.FIRING:
        state = replace(state, phase=Phase.RECOVERING, since=now, seen=now, stale=False)
    state = _awake(state, now, patience.gap)
    return state if now - state.since < keep(state, patience) else _rest(state, now, patience)


def _rest(state: State | None, now: float, patience: Patience) -> State | None:
    """Quiet; with `flap` its openings are remembered while they count."""
    opens = _recent(state, now, patience) if state else ()
    if state is None or not opens:
        return None
    if state.phase is Phase.RESTING and opens == state.opens:
        return state
    return State(phase=Phase.RESTING, began=opens[0], since=now, seen=now, opens=opens)


def _opened(state: State, now: float, patience: Patience) -> tuple[float, ...]:
    """One more opening; no more of them are kept than the longest hold needs."""
    if patience.flap is None:
        return ()
    return (*_recent(state, now, patience), now)[-(patience.flap.most + 4) :]


def _recent(state: State, now: float, patience: Patience) -> tuple[float, ...]:
    """Its openings of the last `window`; those of a time that has not come yet are no openings."""
    window = patience.flap.window if patience.flap else 0.0
    return tuple(at for at in state.opens if 0 <= now - at < window)


def _awake(state: State, now: float, gap: float) -> State:
    """The state, seen now, with the time that nobody watched taken out of its count."""
    unwatched = now - state.seen
    if state.stale or not 0 <= unwatched <= gap:
        state = replace(state, since=state.since + unwatched)
    return replace(state, seen=now, stale=False)
