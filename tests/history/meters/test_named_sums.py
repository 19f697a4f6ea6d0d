"""Total, mono, colour and large from what each maker counts: a row a maker's way."""

import pytest

from agent.core.model import Trust
from agent.history.meters.ledger import MeterCounter
from agent.history.meters.named_sums import build_sums

STANDARD = "1.3.6.1.2.1.43.10.2.1.4.1.1"


def counter(meter, value, *, trust=Trust.MEASURED, source="", unit="impressions"):
    name, _, part = meter.partition("/")
    return MeterCounter(
        device="sn:X", source=source or meter, name=name, part=part or None, unit=unit, at=0.0, raw=value,
        adjusted=value, epoch=1, trust=trust,
    )  # fmt: skip


def values(counters, before=()):
    return {
        one.name: one.value if one.reason is None else one.reason.value
        for one in build_sums(counters, before)
    }


MAKERS = [
    ("the standard alone", {"total": 9}, (9, "absent", "absent", "absent")),
    ("whole meters", {"total": 9, "mono": 5, "colour": 4, "a3": 2}, (9, 5, 4, 2)),
    ("Kyocera: by function", {"life": 10, "total": 9, "mono/print": 3, "mono/copy": 1, "mono/fax": 1, "colour/print": 2,
     "single_colour/print": 1, "colour/copy": 1, "a3": 2, "total/A4": 7}, (9, 5, 4, 2)),
    ("Toshiba: two colours apart, A3 by function and kind", {"mono": 5, "colour": 3, "two_colour": 1, "mono/print": 5,
     "a3/print mono": 1, "a3/copy colour": 1}, ("absent", 5, 4, 2)),
    ("Canon: A3 whole and in parts", {"total": 9, "total/large as two": 11, "mono": 5, "colour": 4, "a3": 2, "a3/mono": 1,
     "a3/copy colour": 1}, (9, 5, 4, 2)),
    ("Xerox: A3 by kind", {"total": 9, "mono": 5, "colour": 4, "a3/mono": 1, "a3/colour": 1, "mono/copy": 3}, (9, 5, 4, 2)),
    ("a part of the maker's own adds to nothing", {"total": 9, "mono/older": 5, "mono/print a4": 7}, (9, "absent", "absent", "absent")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "meters", "sums"), MAKERS, ids=[one[0] for one in MAKERS])
def test_each_makers_counters_come_to_the_same_four_names(what, meters, sums):
    found = values([counter(meter, value) for meter, value in meters.items()])
    assert found == dict(zip(("total", "mono", "colour", "large"), sums, strict=True))


@pytest.mark.parametrize(
    ("trust", "reason"),
    [(Trust.ESTIMATED, "in_doubt"), (Trust.UNVERIFIED, "unverified"), (Trust.STALE, "stale")],
)
def test_a_sum_is_null_while_one_of_its_counters_is_not_billable(trust, reason):
    counters = [counter("mono/print", 5), counter("mono/copy", 2, trust=trust)]
    before = build_sums([counter("mono/print", 5), counter("mono/copy", 2)], ())
    assert values(counters, before)["mono"] == reason


def test_sheets_and_areas_are_no_pages():
    assert values([counter("total", 9, unit="sheets")])["total"] == "absent"


def bill(*reads):
    """The total of each read in turn."""
    sums, found = (), []
    for counters in reads:
        sums = build_sums(counters, sums)
        found.append(sums[0].value)
    return found


def test_another_source_of_the_total_does_not_take_over_while_the_first_is_in_doubt():
    first = counter("total", 1000, source=STANDARD)
    doubtful = counter("total", 1000, source=STANDARD, trust=Trust.ESTIMATED)
    maker = counter("total", 5000, source="own")
    assert bill([first], [doubtful, maker], [first, maker]) == [1000, None, 1000]


def test_a_source_that_went_away_for_good_is_followed_without_a_jump():
    first = counter("total", 1000, source=STANDARD)
    gone = counter("total", 1000, source=STANDARD, trust=Trust.STALE)
    assert bill([first], [gone, counter("total", 5000, source="own")], [gone, counter("total", 5010, source="own")]) == [
        1000, 1000, 1010,
    ]  # fmt: skip


def test_a_part_that_appears_later_adds_from_then_on():
    sums = build_sums([counter("mono/print", 500)], ())
    sums = build_sums([counter("mono/print", 510), counter("mono/fax", 40)], sums)
    assert sums[1].value == 500 + 0, "what the new part had counted before is not billed"
    sums = build_sums([counter("mono/print", 515), counter("mono/fax", 42)], sums)
    assert sums[1].value == 507
