"""The life of one rule with one subject, as stories: a letter is a reading, one a minute.

T  holds            -  nothing known (the printer is silent)
F  has ceased       ~  neither: in the dead band between opening and clearing
.  no reading at all for a minute (nobody looked)
"""

import pytest

from agent.model import ChangeKind
from agent.rules.lifecycle import State, announce, step
from agent.rules.rule import Patience

READINGS: dict[str, tuple[bool | None, bool | None]] = {
    "T": (True, False),
    "F": (False, True),
    "~": (False, False),
    "-": (None, None),
}

STORIES = [
    # name, readings, for, keep_firing, what is told (minute and what)
    ("nothing is nothing", "FFFF", 0, 0, []),
    ("without patience it opens and resolves at once", "FTTF", 0, 0, ["1 opened", "3 resolved"]),
    ("it opens when it has held long enough", "TTTT", 3, 0, ["3 opened"]),
    ("a short spell opens nothing", "TTFTTF", 3, 0, []),
    ("a spell in the dead band starts again", "TT~TTT", 3, 0, []),
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
    state: State | None = None
    told = []
    patience = Patience(hold=hold * 60, keep=keep * 60, gap=GAP)
    for minute, letter in enumerate(readings):
        if letter == ".":
            continue
        holds, ceased = READINGS[letter]
        after = step(state, holds=holds, ceased=ceased, now=minute * 60.0, patience=patience)
        quiet = hushed[minute : minute + 1] == "x"
        state, change = announce(state, after, hushed=quiet)
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


def test_a_clock_set_back_neither_opens_early_nor_hangs() -> None:
    patience = Patience(hold=180.0, keep=0.0, gap=GAP)
    state = None
    phases = []
    for now in (1000.0, 1060.0, 400.0, 460.0, 520.0):
        state = step(state, holds=True, ceased=False, now=now, patience=patience)
        phases.append(state and state.phase.value)
    assert phases == ["pending", "pending", "pending", "pending", "firing"]


def test_quiet_is_no_state_at_all() -> None:
    for holds, ceased in READINGS.values():
        if holds is not True:
            now = step(None, holds=holds, ceased=ceased, now=0.0, patience=Patience())
            assert now is None


def test_while_it_fires_a_reading_that_says_the_same_changes_nothing_on_disk() -> None:
    patience = Patience()
    firing = step(None, holds=True, ceased=False, now=0.0, patience=patience)
    assert step(firing, holds=True, ceased=False, now=3600.0, patience=patience) == firing


def test_the_beginning_is_remembered_through_wait_and_recovery() -> None:
    patience = Patience(hold=60.0, keep=600.0)
    state = None
    for now, letter in ((0.0, "T"), (60.0, "T"), (120.0, "F"), (180.0, "T")):
        holds, ceased = READINGS[letter]
        state = step(state, holds=holds, ceased=ceased, now=now, patience=patience)
    assert state is not None
    assert state.began == 0.0
    assert announce(state, state, hushed=False)[1] is ChangeKind.OPENED
