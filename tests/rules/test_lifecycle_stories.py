"""The life of one rule with one subject, as stories: a letter is a reading, one a minute.

T  holds            -  nothing known (the printer is silent)
F  has ceased       ~  neither: in the dead band between opening and clearing
.  no reading at all for a minute (nobody looked)
"""

import pytest

from agent.core.model import ChangeKind
from agent.rules.lifecycle import LifecycleState, NotifyDecision, Phase, advance_state, announce_change
from agent.rules.rule import FlapDetection, Timing

READINGS: dict[str, tuple[bool | None, bool | None]] = {
    "T": (True, False),
    "F": (False, True),
    "~": (False, False),
    "-": (None, None),
}

STORIES = [
    # name, readings, for, keep_firing, what is told (minute and what)
    ("nothing is nothing", "FFFF", 0, 0, []),
    ("without timing it opens and resolves at once", "FTTF", 0, 0, ["1 opened", "3 resolved"]),
    ("it opens when it has held long enough", "TTTT", 3, 0, ["3 opened"]),
    ("a short spell opens nothing", "TTFTTF", 3, 0, []),
    ("a spell in the dead band goes on waiting", "TT~TTT", 3, 0, ["3 opened"]),
    ("by turns in and at the edge of the dead band it opens", "T~T~T~T", 3, 0, ["4 opened"]),
    ("in the dead band alone it does not open", "T~~~~~~~", 3, 0, []),
    ("out of the dead band it starts again", "T~F~TTT", 3, 0, []),
    ("silence closes nothing", "T-------", 0, 0, ["0 opened"]),
    ("silence opens nothing", "--------", 0, 0, []),
    ("silence does not finish the wait", "T-------", 3, 0, []),
    ("silence counts for nothing towards the wait", "TT------T", 3, 0, []),
    ("the wait goes on after the silence", "TT------TTT", 3, 0, ["10 opened"]),
    ("one lost answer costs only its own minutes", "TT-TTT", 3, 0, ["5 opened"]),
    ("what was over before the silence is over after it", "TTFF----FF", 0, 9, ["0 opened"]),
    ("silence does not finish the recovery", "TF--------", 0, 3, ["0 opened"]),
    ("the recovery goes on after the silence", "TFF-----FFF", 0, 3, ["0 opened", "10 resolved"]),
    ("the dead band clears nothing", "T~~~~~~~", 0, 0, ["0 opened"]),
    ("the dead band opens nothing", "~~~~", 0, 0, []),
    ("it resolves when it has ceased long enough", "TFFFF", 0, 3, ["0 opened", "4 resolved"]),
    ("back during the recovery is the same one", "TFFTFFFF", 0, 3, ["0 opened", "7 resolved"]),
    ("into the dead band during the recovery is not over", "TFF~FFFF", 0, 3, ["0 opened", "7 resolved"]),
    ("a wobble is told once", "TFTFTFTF", 0, 2, ["0 opened"]),
    ("again after the end is a new one", "TFTF", 0, 0, ["0 opened", "1 resolved", "2 opened", "3 resolved"]),
    ("an hour in which nobody looked counts for nothing", "T" + "." * 60 + "TTT", 3, 0, []),
    ("a short gap counts", "T..T", 3, 0, ["3 opened"]),
    ("an unwatched hour does not finish the recovery", "TF" + "." * 60 + "FF", 0, 3, ["0 opened"]),
]

GAP = 30 * 60.0  # seconds: readings further apart are not joined


def tell(readings: str, hold: float, keep: float, *, hushed: str = "") -> list[str]:
    """What is told, and when; `hushed` marks the minutes in which another rule speaks."""
    state: LifecycleState | None = None
    told = []
    timing = Timing(for_duration=hold * 60, keep_firing=keep * 60, stale_after=GAP)
    for minute, letter in enumerate(readings):
        if letter == ".":
            continue
        holds, ceased = READINGS[letter]
        after = advance_state(state, holds=holds, ceased=ceased, now=minute * 60.0, timing=timing)
        decision = NotifyDecision.LATER if hushed[minute : minute + 1] == "x" else NotifyDecision.NOW
        state, change = announce_change(state, after, decision=decision)
        if change:
            told.append(f"{minute} {change.value}")
    return told


@pytest.mark.parametrize(("name", "readings", "hold", "keep", "told"), STORIES, ids=[s[0] for s in STORIES])
def test_story(name: str, readings: str, hold: float, keep: float, told: list[str]) -> None:
    assert tell(readings, hold, keep) == told


INHIBITED = [
    # name, readings, minutes in which a graver rule fires (x), what is told
    ("nothing is said under a graver rule", "TTTTFF", "xxxxxx", []),
    ("it speaks when the graver rule is over", "TTTTT", "xxx..", ["3 opened"]),
    ("leaving the inhibition never says resolved", "TTTFFF", "xxx...", []),
    ("what recovers under a graver rule is not announced late", "TTTFFF", "xxxx..", []),
    ("what was told before stays told", "TTTTFF", ".xxx..", ["0 opened", "4 resolved"]),
    ("its end is told also under a graver rule", "TTTTFF", ".xxxxx", ["0 opened", "4 resolved"]),
    ("silence under inhibition says nothing", "TT----", "xx....", []),
]


@pytest.mark.parametrize(("name", "readings", "hushed", "told"), INHIBITED, ids=[s[0] for s in INHIBITED])
def test_inhibition(name: str, readings: str, hushed: str, told: list[str]) -> None:
    assert tell(readings, 0, 0, hushed=hushed) == told


FLAP = FlapDetection(window=60 * 60.0, max_opens=2, hold=4 * 60.0)
FLAPS = [
    # name, readings, what is told; more than 2 openings in an hour are held for 4 minutes, 8, 16, 32
    ("twice is usual", "TFTFF", ["0 opened", "1 resolved", "2 opened", "3 resolved"]),
    ("the third time it is held", "TFTFTFFFF", ["0 opened", "1 resolved", "2 opened", "3 resolved", "4 opened"]),
    (
        "and over after the hold",
        "TFTFTFFFFFF",
        ["0 opened", "1 resolved", "2 opened", "3 resolved", "4 opened", "9 resolved"],
    ),
    (
        "each return while held doubles the hold",
        "TFTFTFFTFFFFFFFFFF",
        ["0 opened", "1 resolved", "2 opened", "3 resolved", "4 opened", "16 resolved"],
    ),
    (
        "up to eight times and no longer",
        "TFTF" + "TF" * 9 + "F" * 40,
        ["0 opened", "1 resolved", "2 opened", "3 resolved", "4 opened", "53 resolved"],
    ),
    (
        "what was long ago is forgotten",
        "TFTF" + "F" * 60 + "TF",
        ["0 opened", "1 resolved", "2 opened", "3 resolved", "64 opened", "65 resolved"],
    ),
    ("silence does not end the hold", "TFTFTF" + "-" * 50, ["0 opened", "1 resolved", "2 opened", "3 resolved", "4 opened"]),
]  # fmt: skip


def follow(readings: str, timing: Timing) -> tuple[list[str], LifecycleState | None]:
    state, told = None, []
    for minute, letter in enumerate(readings):
        holds, ceased = READINGS[letter]
        after = advance_state(state, holds=holds, ceased=ceased, now=minute * 60.0, timing=timing)
        state, change = announce_change(state, after)
        if change:
            told.append(f"{minute} {change.value}")
    return told, state


@pytest.mark.parametrize(("name", "readings", "told"), FLAPS, ids=[s[0] for s in FLAPS])
def test_what_comes_and_goes_is_held(name: str, readings: str, told: list[str]) -> None:
    assert follow(readings, Timing(keep_firing=0.0, stale_after=GAP, flap=FLAP))[0] == told


def test_what_rests_is_forgotten_when_its_window_is_over() -> None:
    timing = Timing(keep_firing=0.0, stale_after=GAP, flap=FLAP)
    _, resting = follow("TFF", timing)
    assert resting is not None
    assert (resting.phase, resting.announced) == (Phase.RESTING, False)
    assert follow("TF" + "F" * 60, timing)[1] is None


def test_while_it_rests_a_reading_changes_nothing_on_disk() -> None:
    timing = Timing(keep_firing=0.0, stale_after=GAP, flap=FLAP)
    _, resting = follow("TF", timing)
    assert advance_state(resting, holds=False, ceased=None, now=180.0, timing=timing) == resting


def test_another_cartridge_ends_it_at_once_and_may_begin_its_own() -> None:
    timing = Timing(for_duration=0.0, keep_firing=86400.0)
    _, state = follow("TT", timing)
    for holds, ends_in in ((False, None), (True, Phase.FIRING)):
        after = advance_state(state, holds=holds, ceased=not holds, now=180.0, timing=timing, ended=True)
        after, change = announce_change(state, after)
        assert change is ChangeKind.RESOLVED
        assert (after and after.phase) == ends_in
        assert not (after and after.announced)


VOICES = [
    # name, readings, decision each minute (. free, l later, n never), what is told
    ("delayed until the office opens", "TTTTT", "lll..", ["3 opened"]),
    ("over before the office opens", "TTFFF", "lll..", []),
    ("what began in a dropped time is never told", "TTTTT", "n....", []),
    ("what was told before it stays told", "TTTFF", ".nnnn", ["0 opened", "3 resolved"]),
    ("the next one is told again", "TFFTT", "n....", ["3 opened"]),
]


@pytest.mark.parametrize(("name", "readings", "voices", "told"), VOICES, ids=[s[0] for s in VOICES])
def test_suppression(name: str, readings: str, voices: str, told: list[str]) -> None:
    words = {".": NotifyDecision.NOW, "l": NotifyDecision.LATER, "n": NotifyDecision.NEVER}
    state, said = None, []
    for minute, letter in enumerate(readings):
        holds, ceased = READINGS[letter]
        after = advance_state(
            state,
            holds=holds,
            ceased=ceased,
            now=minute * 60.0,
            timing=Timing(keep_firing=0.0, stale_after=GAP),
        )
        state, change = announce_change(state, after, decision=words[voices[minute]])
        if change:
            said.append(f"{minute} {change.value}")
    assert said == told


def test_a_clock_set_forward_by_a_day_neither_opens_nor_closes() -> None:
    """A jump beyond `stale_after` is a time that nobody watched."""
    for letters, expected in (("TT", Phase.PENDING), ("TTTTTF", Phase.RECOVERING)):
        timing = Timing(for_duration=180.0, keep_firing=180.0, stale_after=GAP)
        state = None
        for minute, letter in enumerate(letters):
            holds, ceased = READINGS[letter]
            state = advance_state(state, holds=holds, ceased=ceased, now=minute * 60.0, timing=timing)
        holds, ceased = READINGS[letters[-1]]
        state = advance_state(state, holds=holds, ceased=ceased, now=86400.0, timing=timing)
        assert state is not None
        assert state.phase is expected


def test_a_clock_set_back_neither_opens_early_nor_hangs() -> None:
    timing = Timing(for_duration=180.0, keep_firing=0.0, stale_after=GAP)
    state = None
    phases = []
    for now in (1000.0, 1060.0, 400.0, 460.0, 520.0):
        state = advance_state(state, holds=True, ceased=False, now=now, timing=timing)
        phases.append(state and state.phase.value)
    assert phases == ["pending", "pending", "pending", "pending", "firing"]


def test_quiet_is_no_state_at_all() -> None:
    for holds, ceased in READINGS.values():
        if holds is not True:
            now = advance_state(None, holds=holds, ceased=ceased, now=0.0, timing=Timing())
            assert now is None


def test_while_it_fires_a_reading_that_says_the_same_changes_nothing_on_disk() -> None:
    timing = Timing()
    firing = advance_state(None, holds=True, ceased=False, now=0.0, timing=timing)
    assert advance_state(firing, holds=True, ceased=False, now=3600.0, timing=timing) == firing


def test_the_beginning_is_remembered_through_wait_and_recovery() -> None:
    timing = Timing(for_duration=60.0, keep_firing=600.0)
    state = None
    for now, letter in ((0.0, "T"), (60.0, "T"), (120.0, "F"), (180.0, "T")):
        holds, ceased = READINGS[letter]
        state = advance_state(state, holds=holds, ceased=ceased, now=now, timing=timing)
    assert state is not None
    assert state.began == 0.0
    assert announce_change(state, state)[1] is ChangeKind.OPENED
