"""How often a rule was right: shares with an interval, and a warning where there are too few."""

import random

import pytest

from agent.tickets.feedback.precision import RulePrecision, wilson_interval


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [  # Wilson's score interval, 95 %; 81/263 is Newcombe 1998, Stat. Med. 17, 857-872, table I
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)  # fmt: skip
def test_the_interval_is_that_of_the_literature(hits, tries, low, high):
    assert wilson_interval(hits, tries) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_interval_holds_the_true_share_about_95_times_in_100():
    dice, held = random.Random(7), 0
    for _ in range(2000):
        share, tries = dice.uniform(0.05, 0.95), dice.randint(20, 200)
        low, high = wilson_interval(sum(dice.random() < share for _ in range(tries)), tries)
        held += low <= share <= high
    assert 0.93 < held / 2000 < 0.97


def test_duplicates_and_what_is_out_of_scope_say_nothing_of_a_rule():
    told = RulePrecision(
        rule="r", outcomes={"confirmed": 3, "no_fault_found": 1, "duplicate": 9, "out_of_scope": 5}
    )
    assert (told.judged, told.share) == (4, 0.75)
    assert RulePrecision(rule="r", outcomes={"duplicate": 9}).share is None
    assert RulePrecision(rule="r", outcomes={"duplicate": 9}).interval is None


@pytest.mark.parametrize(("judged", "warns"), [(1, True), (19, True), (20, False), (500, False)])
def test_below_twenty_it_says_that_there_are_too_few(judged, warns):
    told = RulePrecision(rule="r", outcomes={"confirmed": judged - 1, "user_fixable": 1})
    assert ("n < 20" in told.sample_warning) is warns
