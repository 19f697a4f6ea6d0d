"""The state machine against a plain reference that keeps the whole history and adds up minutes."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import ChangeKind
from agent.rules.lifecycle import LifecycleState, NotifyDecision, advance_state, announce_change
from agent.rules.rule import FlapDetection, Timing

GAP = 600.0
READINGS = st.sampled_from([(True, False), (False, True), (False, False), (None, None)])
STEPS = st.lists(
    st.tuples(
        READINGS, st.sampled_from([60.0, 60.0, 60.0, 300.0, 600.0, 601.0, 7200.0, -120.0]), st.booleans()
    ),
    max_size=40,
)
WAITS = st.sampled_from([0.0, 60.0, 180.0, 900.0])


@dataclass
class Plain:
    """The same promises, written as bookkeeping: seconds add up between neighbours that agree."""

    hold: float
    keep: float
    active: bool = False
    told: bool = False
    waited: float = 0.0
    counting: bool = False
    before: float | None = None  # when the last reading that counts was taken, None after a silence
    changes: list[tuple[float, ChangeKind]] = field(default_factory=list)

    def see(self, now: float, holds: bool | None, ceased: bool | None, *, hushed: bool) -> None:
        turned = holds if not self.active else ceased
        if turned is None:
            self.before = None
        elif turned:
            self._count(now)
        elif not self.active and self.counting and not ceased:
            self._add(now)  # between the two nothing moves, but time goes by
        else:
            self._again()
        if turned is not None and self.active and not self.counting and not self.told and not hushed:
            self.told = True
            self.changes.append((now, ChangeKind.OPENED))

    def _count(self, now: float) -> None:
        """One more reading that speaks for a turn."""
        if not self.counting:
            self.counting, self.waited = True, 0.0
        self._add(now)
        if self.waited >= (self.keep if self.active else self.hold):
            self._turn(now)

    def _add(self, now: float) -> None:
        if self.before is not None and 0 <= now - self.before <= GAP:
            self.waited += now - self.before
        self.before = now

    def _turn(self, now: float) -> None:
        self.active = not self.active
        self._again()
        if not self.active and self.told:
            self.told = False
            self.changes.append((now, ChangeKind.RESOLVED))

    def _again(self) -> None:
        self.counting, self.waited, self.before = False, 0.0, None


def machine(
    steps: list[tuple[tuple[bool | None, bool | None], float, bool]], hold: float, keep: float
) -> list[tuple[float, ChangeKind]]:
    state: LifecycleState | None = None
    changes = []
    now = 0.0
    for (holds, ceased), wait, hushed in steps:
        now += wait
        after = advance_state(
            state,
            holds=holds,
            ceased=ceased,
            now=now,
            timing=Timing(for_duration=hold, keep_firing=keep, stale_after=GAP),
        )
        state, change = announce_change(
            state, after, decision=NotifyDecision.LATER if hushed else NotifyDecision.NOW
        )
        if change:
            changes.append((now, change))
    return changes


@given(steps=STEPS, hold=WAITS, keep=WAITS)
def test_the_machine_tells_what_the_bookkeeping_tells(
    steps: list[tuple[tuple[bool | None, bool | None], float, bool]], hold: float, keep: float
) -> None:
    plain = Plain(hold=hold, keep=keep)
    now = 0.0
    for (holds, ceased), wait, hushed in steps:
        now += wait
        plain.see(now, holds, ceased, hushed=hushed)
    assert machine(steps, hold, keep) == plain.changes


@given(steps=STEPS, hold=WAITS, keep=WAITS)
def test_openings_and_endings_take_turns(
    steps: list[tuple[tuple[bool | None, bool | None], float, bool]], hold: float, keep: float
) -> None:
    kinds = [kind for _, kind in machine(steps, hold, keep)]
    assert kinds[::2] == [ChangeKind.OPENED] * len(kinds[::2])
    assert kinds[1::2] == [ChangeKind.RESOLVED] * len(kinds[1::2])


@given(steps=STEPS, hold=WAITS, keep=WAITS)
def test_a_reading_of_nothing_never_tells_anything(
    steps: list[tuple[tuple[bool | None, bool | None], float, bool]], hold: float, keep: float
) -> None:
    """Also when it comes after everything else, whatever went before."""
    silence = [((None, None), 86400.0, False)] * 3
    assert machine([*steps, *silence], hold, keep) == machine(steps, hold, keep)


FLAP = FlapDetection(window=3600.0, max_opens=1, hold=120.0)
LIVES = st.lists(
    st.tuples(
        READINGS,
        st.sampled_from([60.0, 60.0, 60.0, 300.0, 601.0, 3600.0]),
        st.sampled_from([NotifyDecision.NOW, NotifyDecision.NOW, NotifyDecision.LATER, NotifyDecision.NEVER]),
        st.sampled_from([False] * 7 + [True]),
    ),
    max_size=60,
)


@dataclass
class Patient(Plain):
    """The bookkeeping with everything that is laid over it: flaps, dropped times, ended lives."""

    opens: list[float] = field(default_factory=list)
    dropped: bool = False
    usual: float = 0.0

    def live(
        self, now: float, reading: tuple[bool | None, bool | None], decision: NotifyDecision, ended: bool
    ) -> None:
        one_at_a_time = (
            ended and self.told
        )  # the old one's end is told first, the new one with the next reading
        if ended:
            self._end(now)
        before = (self.active, self.counting)
        told = self.told
        self.keep = max(self.usual, self._hold()) if len(self.opens) > FLAP.max_opens else self.usual
        self.see(now, *reading, hushed=decision is not NotifyDecision.NOW or self.dropped or one_at_a_time)
        if self.active and before[0] and before[1] and not self.counting and len(self.opens) > FLAP.max_opens:
            self._open(now)
        if self.active and not before[0]:
            self._open(now)
        if not self.active:
            self.dropped = False
        speaks = self.active and not self.counting and reading != (None, None)
        if speaks and decision is NotifyDecision.NEVER and not self.told and not told and not one_at_a_time:
            self.dropped = True

    def _hold(self) -> float:
        return FLAP.hold * min(8, 2 ** (len(self.opens) - FLAP.max_opens - 1))

    def _open(self, now: float) -> None:
        recent = [at for at in self.opens if now - at < FLAP.window]
        self.opens = [*recent, now][-(FLAP.max_opens + 4) :]

    def _end(self, now: float) -> None:
        if self.told:
            self.changes.append((now, ChangeKind.RESOLVED))
        self.active = self.told = self.dropped = False
        self.opens = []
        self._again()


@given(steps=LIVES, hold=WAITS, keep=WAITS)
def test_with_flaps_dropped_times_and_swaps_it_still_does(
    steps: list[tuple[tuple[bool | None, bool | None], float, NotifyDecision, bool]], hold: float, keep: float
) -> None:
    plain = Patient(hold=hold, keep=keep, usual=keep)
    timing = Timing(for_duration=hold, keep_firing=keep, stale_after=GAP, flap=FLAP)
    state: LifecycleState | None = None
    changes = []
    now = 0.0
    for (holds, ceased), wait, decision, ended in steps:
        now += wait
        plain.live(now, (holds, ceased), decision, ended)
        after = advance_state(state, holds=holds, ceased=ceased, now=now, timing=timing, ended=ended)
        state, change = announce_change(state, after, decision=decision)
        if change:
            changes.append((now, change))
    assert changes == plain.changes
