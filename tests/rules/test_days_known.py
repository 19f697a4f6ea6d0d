"""supply.days_known: percent speaks as long as a pace would be a guess."""

from types import SimpleNamespace
from typing import Any

import pytest

from agent.core.model import Forecasts, Supply, SupplyForecast
from agent.rules.functions import supply_days_known

DAY = 86400.0
NOW = 100 * DAY
TONER = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=8, max=100)
MEASURED = SupplyForecast(
    left=0.08, p10=20.0, p50=30.0, p90=40.0, raw=30.0, basis="measured", at=NOW, sigma=0.3, pages_left=300.0,
    pages_a_day=10.0, use=0.001,
)  # fmt: skip


def ask(**words: Any) -> object:
    usual = {
        "now": NOW, "device": SimpleNamespace(first_seen=0.0), "epoch": 0, "epoch_since": None, "renewed": {},
        "supplies": (TONER,), "foresight": Forecasts(supplies={"1.1": MEASURED}),
    }  # fmt: skip
    facts = SimpleNamespace(**{**usual, **words})
    query = SimpleNamespace(facts=facts, subject=SimpleNamespace(supply=TONER), options={})
    return supply_days_known.read(query)  # type: ignore[arg-type]


CASES = [
    ("a measured pace of a printer that is known", {}, True),
    (
        "a printer met yesterday: its pace is a guess",
        {"device": SimpleNamespace(first_seen=NOW - DAY)},
        False,
    ),
    ("and within two weeks", {"device": SimpleNamespace(first_seen=NOW - 13.9 * DAY)}, False),
    ("then it is known", {"device": SimpleNamespace(first_seen=NOW - 14.1 * DAY)}, True),
    ("no forecast", {"foresight": Forecasts()}, False),
    ("a new epoch of its counter", {"epoch": 1, "epoch_since": NOW - DAY}, False),
    ("and after it", {"epoch": 1, "epoch_since": NOW - 8 * DAY}, True),
    ("a cartridge in its first day", {"renewed": {"1.1": NOW - 3600}}, False),
]


@pytest.mark.parametrize(("story", "words", "known"), CASES, ids=[it[0] for it in CASES])
def test_when_one_can_order_by_days(story: str, words: dict[str, Any], known: bool) -> None:
    assert ask(**words) is known
