"""What a rule is worth: firings against what came true, and how sure that is."""

import pytest

from agent.rules import loader
from agent.rules.backtest import threshold_sweep
from agent.rules.backtest.firing import Firing, ObservedEvent
from agent.rules.backtest.scoring import Proportion, ReferenceEvents, score_rule

DAY = 86400.0


def firing(day, device="a", subject="black", days=1.0):
    return Firing(device=device, name=device, subject=subject, opened=day * DAY, closed=(day + days) * DAY)


def event(day, device="a", subject="black"):
    return ObservedEvent(device=device, at=day * DAY, what="empty", subject=subject)


STORIES = [
    # name, firings, events, right, false, caught, missed, median lead in days
    ("foretold", [firing(10)], [event(15)], 1, 0, 1, 0, 5),
    ("nothing came of it", [firing(10)], [], 0, 1, 0, 0, None),
    ("nobody said so", [], [event(15)], 0, 0, 0, 1, None),
    ("too late is missed", [firing(16)], [event(15)], 0, 1, 0, 1, None),
    ("too early is false", [firing(10)], [event(55)], 0, 1, 0, 1, None),
    ("of another printer", [firing(10, device="b")], [event(15)], 0, 1, 0, 1, None),
    ("of another supply", [firing(10, subject="cyan")], [event(15)], 0, 1, 0, 1, None),
    ("of the printer as a whole", [firing(10, subject="")], [event(15)], 1, 0, 1, 0, 5),
    ("two tickets for one event count twice, the first gives the lead", [firing(10), firing(13)], [event(15)], 2, 0, 1, 0, 5),
    ("one ticket for two events", [firing(10)], [event(15), event(20)], 1, 0, 2, 0, 7.5),
    ("what the time has not shown yet is neither", [firing(85)], [], 0, 0, 0, 0, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "firings", "events", "right", "false", "caught", "missed", "lead"),
    STORIES,
    ids=[s[0] for s in STORIES],
)
def test_scores(name, firings, events, right, false, caught, missed, lead):
    found = score_rule("r", firings, ReferenceEvents(events=events, until=100 * DAY), device_months=3.0)
    assert (len(found.right), len(found.false), len(found.caught), len(found.missed)) == (
        right,
        false,
        caught,
        missed,
    )
    assert (found.lead_quartiles and found.lead_quartiles[1] / DAY) == lead


def test_a_proof_makes_a_firing_right_and_need_not_be_foretold():
    yardstick = ReferenceEvents(proofs=[event(15)], until=100 * DAY)
    found = score_rule("r", [firing(10)], yardstick, device_months=1.0)
    assert (len(found.right), len(found.missed)) == (1, 0)
    nothing = score_rule("r", [], yardstick, device_months=1.0)
    assert len(nothing.missed) == 0


def test_opening_again_within_a_day_is_a_flap():
    firings = [firing(1), firing(2.5), firing(9), firing(2.5, subject="cyan")]
    assert score_rule("r", firings, None, device_months=1.0).flaps == 1


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763), (10, 10, 0.722, 1.0), (90, 100, 0.826, 0.945)],
)
def test_intervals_are_wilsons(hits, of, low, high):
    """Compared with Newcombe (1998), table I, method 3."""
    assert Proportion(hits, of).interval == pytest.approx((low, high), abs=0.001)


def test_few_cases_are_warned_of():
    assert "n < 20: says little" in str(Proportion(3, 3))
    assert "n <" not in str(Proportion(20, 20))
    assert Proportion(0, 0).value is None


@pytest.fixture(scope="module")
def rules():
    return loader.load_rules(loader.shipped_files())


SWEEPS = [
    ("supply-low.when.all[2].value=5..20 %/4", ["5 %", "10 %", "15 %", "20 %"]),
    ("supply-low.when.all[2].value=5..20/2", ["5 %", "20 %"]),
    ("supply-low.for=1h..3h/3", ["1 h", "2 h", "3 h"]),
    ("device-offline.when.all[1].value=1 business_hours..4 business_hours/2", ["1 h", "4 h"]),
    ("jams-recurring.when.all[2].value=3..5/3", ["3", "4", "5"]),
]


@pytest.mark.parametrize(("text", "values"), SWEEPS, ids=[it[0] for it in SWEEPS])
def test_a_threshold_is_swept(rules, text, values):
    name, steps = threshold_sweep.build_variants(rules, text)
    assert [step.label for step in steps] == values
    assert [step.rules.rules[name] == rules.rules[name] for step in steps] == [False] * len(steps)


def test_a_sweep_changes_the_condition_that_was_named(rules):
    _, (first, last) = threshold_sweep.build_variants(rules, "supply-low.when.all[2].value=5..20/2")
    assert [step.rules.rules["supply-low"].all[1].value for step in (first, last)] == [5.0, 20.0]
    assert rules.rules["supply-low"].all[1].value == 10.0


@pytest.mark.parametrize(
    "text", ["", "supply-low=1..2", "nobody.for=1h..2h", "supply-low.when.all[1].value=1..2", "supply-low.for=a..b", "supply-low.when.all[2].value=50..200"]
)  # fmt: skip
def test_a_sweep_of_nothing_is_refused(rules, text):
    with pytest.raises(ValueError, match=r"\| (write|see)"):
        threshold_sweep.build_variants(rules, text)
