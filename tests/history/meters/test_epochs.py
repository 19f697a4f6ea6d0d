"""When a counter stops just counting: each story is a row of readings, and what is billed of it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import Trust
from agent.history.meters import epochs
from agent.history.meters.epoch_reasons import EpochReason
from agent.history.meters.epochs import CounterSample, advance_counter

HOUR = 3600.0
C32 = 0xFFFFFFFF
HP = 16_777_215


def told(*raws, every=HOUR, boards=()):
    """Each of the readings judged, one an hour."""
    standing, reads = None, []
    for turn, given_ in enumerate(raws):
        at, raw = given_ if isinstance(given_, tuple) else (turn * every, given_)
        board = boards[turn] if boards else None
        standing, read = advance_counter(standing, CounterSample(at=at, raw=raw, board=board))
        reads.append(read)
    return reads


def billed(reads):
    return reads[-1].adjusted - reads[0].adjusted


R = EpochReason
STORIES = [
    # what happens, the readings, why epochs opened after the first, adjusted at the end, billed
    ("it just counts", [1000, 1040, 1040, 1100], [], 1100, 100),
    ("it stands still", [1000, 1000, 1000], [], 1000, 0),
    ("HP's counter wraps at 16,777,215", [HP - 5, 4, 20], [R.WRAP], HP + 21, 26),
    ("a Counter32 wraps", [C32 - 3, 2, 2], [R.WRAP], C32 + 3, 6),
    ("near its end it shows a 0, then wraps", [HP - 5, 0, 4, 20], [R.FELL, R.GLITCH], HP + 21, 26),
    ("near its end it shows a 0, and goes on", [HP - 500, 0, HP - 480], [R.FELL, R.GLITCH], HP - 480, 20),
    ("a fall in the middle is no wrap", [9_000_000, 12, 30], [R.FELL], 9_000_000, 0),
    ("NVRAM was cleared, not confirmed yet", [424_405, 0, 15], [R.FELL], 424_405, 0),
    ("NVRAM was cleared", [424_405, *range(0, 26 * 15, 15)], [R.FELL], 424_405 + 360, 360),
    ("a used engine board is put in, lower", [90_000, *range(31_000, 31_260, 10)], [R.FELL], 90_250, 250),
    ("a used engine board is put in, higher", [90_000, *range(600_000, 600_260, 10)], [R.JUMPED], 90_250, 250),
    ("it is put back within the day", [90_000, 600_000, 600_010, 90_012], [R.JUMPED, R.GLITCH], 90_012, 12),
    ("power is lost before ten pages are saved", [1000, 994, 994, 994, 999], [R.NVRAM], 1005, 5),
    ("a glitch for one reading", [1000, 3, 1002, 1010], [R.FELL, R.GLITCH], 1010, 10),
    ("the counter reads 0 for hours", [8245, 8250, *[0] * 10, 8261, 8263], [R.FELL, R.GLITCH], 8263, 18),
    ("it reads 0 for a month", [8245, 8250, *[0] * 720, 8261, 8263], [R.FELL, R.GLITCH], 8263, 18),
    ("it reads an old value for hours", [8245, 8250, *[8200] * 10, 8261, 8263], [R.FELL, R.GLITCH], 8263, 18),
    ("an old value of a few pages ago", [8245, 8250, *[8243] * 10, 8261, 8263], [R.NVRAM, R.GLITCH], 8263, 18),
    ("now the old value, now the right one", [8250, 8200, 8251, 8200, 8252], [R.FELL, R.GLITCH] * 2, 8252, 2),
    ("a 0, then one that is half read", [8250, 0, 4000, 4100, 8261], [R.FELL, R.JUMPED, R.GLITCH], 8261, 11),
    ("its upper half is missing for days", [135_000, *range(3930, 3930 + 600, 10), 135_612],
     [R.FELL, R.GLITCH], 135_612, 612),
    ("its upper half is missing, and the rest wraps", [135_000, *range(65_400, 65_536, 4), *range(2, 100, 4), 135_240],
     [R.FELL, R.FELL, R.GLITCH], 135_240, 240),
    ("a 0, then for days one that is half read", [9000, 0, *range(528, 928, 10), 9410], [R.FELL, R.GLITCH], 9410, 410),
    ("it was met while it read 0", [0, 0, 8261, 8263], [R.JUMPED], 0, 0),
    ("it was new when it was met", [0, 0, 12, 30], [], 30, 30),
    ("a glitch upwards and back", [1000, 900_000, 1001, 1005], [R.JUMPED, R.GLITCH], 1005, 5),
    ("one upwards that could have been printed", [1000, 9000, 1001, 1005], [R.GLITCH], 1005, 5),
    ("a job that is unusually large waits for a second reading", [1000, 9000], [], 1000, 0),
    ("and is billed then", [1000, 9000, 9001], [], 9001, 8001),
    ("it falls twice", [500, 10, 20, 5, 9], [R.FELL, R.FELL], 500, 0),
    ("it passes its old value while it counts", [100, *range(0, 26 * 10, 10)], [R.FELL, R.GLITCH], 250, 150),
    ("long after a reset a board with a higher count is put in",
     [424_405, *range(0, 40 * 15, 15), 600_000], [R.FELL, R.JUMPED], 424_405 + 570, 570),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "raws", "why", "adjusted", "pages"), STORIES, ids=[one[0] for one in STORIES]
)
def test_stories(what, raws, why, adjusted, pages):
    reads = told(*raws)
    assert [read.why for read in reads if read.why][1:] == why
    assert (reads[-1].adjusted, billed(reads)) == (adjusted, pages)


def test_both_values_stay_with_the_border_and_the_pages_between_are_estimated():
    border = told(90_000, 31_000)[-1]
    assert (border.before, border.raw, border.gap, border.epoch) == (90_000, 31_000, 0, 2)
    assert border.trust is Trust.ESTIMATED


def test_raw_and_adjusted_part_at_a_border_and_the_offset_is_told():
    reads = told(HP - 5, 4, 20)
    assert [(read.raw, read.adjusted, read.trust) for read in reads] == [
        (HP - 5, HP - 5, Trust.MEASURED),
        (4, HP + 5, Trust.OFFSET),
        (20, HP + 21, Trust.OFFSET),
    ]


def test_after_a_glitch_it_is_measured_again():
    assert told(1000, 3, 1002)[-1].trust is Trust.MEASURED


def test_a_long_silence_makes_no_wrap_of_a_fall():
    """Two months at full speed would be enough pages to go around: but nobody was near the end."""
    assert told(5000, 100, every=60 * 86400.0)[-1].why is EpochReason.FELL
    assert told(16_000_000, 100, every=60 * 86400.0)[-1].why is EpochReason.FELL


def test_another_network_board_opens_an_epoch_and_keeps_what_went_on_counting():
    reads = told(1000, 1010, 1020, boards=["aa", "aa", "bb"])
    assert (reads[-1].why, reads[-1].gap, reads[-1].trust) == (EpochReason.SWAP, 10, Trust.MEASURED)


def test_another_network_board_with_another_count_bills_nothing_between():
    reads = told(1000, 7, boards=["aa", "bb"])
    assert (reads[-1].why, reads[-1].gap, reads[-1].before) == (EpochReason.SWAP, 0, 1000)


def test_a_board_that_is_not_told_is_not_another_one():
    assert [read.why for read in told(1, 2, 3, boards=["aa", None, "aa"])] == [EpochReason.FIRST, None, None]


def test_a_read_from_before_the_last_is_kept_and_changes_nothing():
    reads = told((0.0, 1000), (2 * HOUR, 1040), (HOUR, 1020), (3 * HOUR, 1060))
    assert [(read.raw, read.adjusted, read.trust) for read in reads[1:]] == [
        (1040, 1040, Trust.MEASURED), (1020, 1040, Trust.STALE), (1060, 1060, Trust.MEASURED),
    ]  # fmt: skip
    assert {read.epoch for read in reads} == {1}


class Printed:
    """A printer as it is: what it printed, and what its counter shows after everything that befell it."""

    count = st.integers(0, 400)
    any_value = st.integers(0, C32)
    events = st.lists(
        st.one_of(
            st.tuples(st.just("print"), count),
            st.tuples(st.just("reset to"), any_value),
            st.tuples(st.just("shows once"), any_value),
            st.tuples(st.just("comes late"), any_value),
            st.tuples(st.just("board"), st.sampled_from(["aa", "bb", ""])),
        ),
        max_size=40,
    )


@given(
    start=st.one_of(st.integers(0, 100), st.integers(HP - 50, HP), st.integers(C32 - 50, C32)),
    events=Printed.events,
)
def test_whatever_happens_it_never_falls_and_each_epoch_has_its_reason(start, events):
    raw, at, board = start, 0.0, "aa"
    standing, first = advance_counter(None, CounterSample(at=at, raw=raw, board=board))
    reads = [first]
    for event, value in events:
        at += HOUR
        shown = raw
        if event == "print":
            raw = shown = (raw + value) % (C32 + 1)
        elif event == "reset to":
            raw = shown = value
        elif event == "shows once":
            shown = value
        elif event == "board":
            board = value or None
        moment = at - 2 * HOUR if event == "comes late" else at
        standing, read = advance_counter(standing, CounterSample(at=moment, raw=shown, board=board))
        reads.append(read)
        assert read.adjusted >= reads[-2].adjusted, "nothing negative is ever billed"
    in_order = [read for read in reads if read.trust is not Trust.STALE]
    numbers = sorted({read.epoch for read in in_order})
    assert numbers == list(range(1, len(numbers) + 1))
    for number in numbers:
        inside = [read for read in in_order if read.epoch == number]
        assert inside[0].why is not None, "an epoch has a reason"
        assert [read.raw for read in inside] == sorted(read.raw for read in inside)
    for before, read in pairwise(in_order):
        if read.why is not None:
            assert (read.before, read.gap) == (before.raw, read.adjusted - before.adjusted)


def broken_value(kind, raw, old):
    """What a counter in trouble shows instead of `raw`."""
    return {"zero": 0, "old": old, "half": raw & 0xFFFF, "cut": raw // 1000, "far": raw + 900_000}[kind]


@given(
    start=st.integers(70_000, 900_000),
    pace=st.sampled_from([300.0, HOUR, 6 * HOUR, 86400.0]),
    spells=st.lists(
        st.tuples(
            st.sampled_from(["right", "zero", "old", "half", "cut", "far"]),
            st.integers(1, 40),  # readings
            st.integers(0, 20),  # pages between two of them
        ),
        max_size=8,
    ),
)
def test_no_count_that_is_no_count_is_billed_and_what_comes_back_has_no_offset(start, pace, spells):
    raw, at, old = start, 0.0, start
    state, _ = advance_counter(None, CounterSample(at=at, raw=raw))
    for kind, readings, pages in [each for spell in spells for each in (("right", 1, 3), spell)]:
        for _ in range(readings):
            raw, at = raw + pages, at + pace
            shown = raw if kind == "right" else broken_value(kind, raw, old)
            state, _ = advance_counter(state, CounterSample(at=at, raw=shown))
            assert state.adjusted <= raw, f"billed more than was printed, while it was {kind}"
        old = raw
    state, read = advance_counter(state, CounterSample(at=at + pace, raw=raw + 1))
    if all(kind != "far" for kind, _, _ in spells):
        assert (read.adjusted, read.trust) == (raw + 1, Trust.MEASURED)


def test_the_limits_are_those_of_the_makers():
    assert epochs.COUNTER_LIMITS == (2**24 - 1, 2**32 - 1)
