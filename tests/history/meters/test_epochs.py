"""When a counter stops just counting: each story is a row of readings, and what is billed of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import Trust
from agent.history.meters import epochs
from agent.history.meters.epochs import CounterSample, EpochReason, advance_counter

HOUR = 3600.0
C32 = 0xFFFFFFFF
HP = 16_777_215


def told(*raws, every=HOUR, boards=()):
    """What each of the readings came to, one an hour."""
    standing, reads = None, []
    for turn, given_ in enumerate(raws):
        at, raw = given_ if isinstance(given_, tuple) else (turn * every, given_)
        board = boards[turn] if boards else None
        standing, read = advance_counter(standing, CounterSample(at=at, raw=raw, board=board))
        reads.append(read)
    return reads


def billed(reads):
    return reads[-1].adjusted - reads[0].adjusted


STORIES = [
    # what happens, the readings, why epochs opened after the first, adjusted at the end, billed
    ("it just counts", [1000, 1040, 1040, 1100], [], 1100, 100),
    ("it stands still", [1000, 1000, 1000], [], 1000, 0),
    ("HP's counter wraps at 16,777,215", [HP - 5, 4, 20], [EpochReason.WRAP], HP + 21, 26),
    ("a Counter32 wraps", [C32 - 3, 2, 2], [EpochReason.WRAP], C32 + 3, 6),
    ("a fall in the middle is no wrap", [9_000_000, 12, 30], [EpochReason.FELL], 9_000_018, 18),
    ("NVRAM was cleared", [424_405, 0, 15], [EpochReason.FELL], 424_420, 15),
    ("a used engine board is put in, lower", [90_000, 31_000, 31_500], [EpochReason.FELL], 90_500, 500),
    ("a used engine board is put in, higher", [90_000, 600_000, 600_500], [EpochReason.JUMPED], 90_500, 500),
    ("power is lost before ten pages are saved", [1000, 994, 994, 994, 999], [EpochReason.NVRAM], 1005, 5),
    ("a glitch for one reading", [1000, 3, 1002, 1010], [EpochReason.FELL, EpochReason.GLITCH], 1010, 10),
    ("a glitch for two readings", [1000, 3, 3, 1002], [EpochReason.FELL, EpochReason.GLITCH], 1002, 2),
    ("the old value comes back, but too late", [100_000, 3, 3, 3, 100_002], [EpochReason.FELL, EpochReason.JUMPED], 100_000, 0),
    ("a glitch upwards and back", [1000, 900_000, 1001, 1005], [EpochReason.JUMPED, EpochReason.GLITCH], 1005, 5),
    ("it falls twice", [500, 10, 20, 5, 9], [EpochReason.FELL, EpochReason.FELL], 514, 14),
    ("the wrapped counter is reset", [HP, 9, 2_000, 0, 7], [EpochReason.WRAP, EpochReason.FELL], HP + 2008, 2008),
    ("a busy hour is no jump", [0, 18_900, 37_800], [], 37_800, 37_800),
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
def test_whatever_happens_billed_is_the_sum_over_epochs_and_never_falls(start, events):
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
    pages = 0
    for number in numbers:
        inside = [read for read in in_order if read.epoch == number]
        assert inside[0].why is not None, "an epoch has a reason"
        assert [read.raw for read in inside] == sorted(read.raw for read in inside)
        pages += inside[-1].raw - inside[0].raw + inside[0].gap
    assert billed(reads) == pages >= 0


def test_the_limits_are_those_of_the_makers():
    assert epochs.COUNTER_LIMITS == (2**24 - 1, 2**32 - 1)
