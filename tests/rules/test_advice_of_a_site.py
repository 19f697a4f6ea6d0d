"""What the printers of a site make of a rule: from a state file as the agent leaves it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent import app
from agent.core.errors import Complaint
from agent.core.model import Address, Identity, Meter, SiteFacts, Snapshot, Supply, Vague
from agent.core.store import Store
from agent.discovery import binding
from agent.pipeline import facts_builder
from agent.pipeline.replay import fleet_lint
from agent.rules import loader

HOUR = 3600.0
RULE = """
[[rule]]
id = "mine"
title = "{supply}"
per = "supply"
{scope}
when.all = [{ signal = "supply.kind", op = "in", value = ["KIND"] },
            { signal = "supply.level", op = "<=", value = "VALUE" }]
clear.all = [{ signal = "supply.level", op = ">=", value = "60 %" }]
fault = "supply.low"
component = "{supply.colour}"
impact = "supply"
reason = "x"
"""


def supply(level: int | Vague, largest: int = 100) -> Supply:
    return Supply(index="1.1", type="toner", kind="consumed", colour="black", level=level, max=largest)


FINE = [supply(level) for level in (90, 89, 88, 87)]
COARSE = [supply(level) for level in (80, 60, 40, 20)]
IN_PAGES = [supply(level, 3000) for level in (2700, 2670, 2640, 2610)]
WORDS = [supply(Vague.SOME_LEFT)] * 4


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state.db", app.MIGRATIONS)
    yield store
    store.close()


def site(store: Store, **models: list[Supply]) -> None:
    """Three printers of each model, and what they said of their toner hour by hour."""
    with store.transaction() as tx:
        for place, (model, readings) in enumerate(models.items()):
            for number in range(3):
                address = Address(f"192.0.2.{10 * place + number}")
                identity = Identity(vendor="Example", model=model, serial=f"{model}{number}", is_printer=True)
                device = binding.bind_identity(tx, identity, address, now=0.0).device
                for hour, it in enumerate(readings):
                    meters = (Meter(name="total", value=1000 + 100 * hour),)
                    snapshot = Snapshot(address=address, at=hour * HOUR, supplies=(it,), meters=meters)
                    facts_builder.update_facts(tx, device, snapshot, SiteFacts())


def complaints(
    store: Store, tmp_path: Path, kind: str = "toner", value: str = "10 %", scope: str = ""
) -> list[Complaint]:
    path = tmp_path / "mine.toml"
    text = RULE.replace("{scope}", scope).replace("KIND", kind).replace("VALUE", value)
    path.write_text(text, "utf-8")
    with store.transaction() as tx:
        return list(fleet_lint.advise_rules(tx, list(loader.load_rules([path]).rules.values()), 4 * HOUR))


def advised(store: Store, tmp_path: Path, **different: str) -> list[str]:
    return [it.reason for it in complaints(store, tmp_path, **different)]


def test_a_rule_that_fits_is_given_no_advice(store: Store, tmp_path: Path) -> None:
    site(store, A1=FINE)
    assert advised(store, tmp_path) == []


def test_a_threshold_finer_than_a_gauge_is_told_in_percent_whatever_the_gauge_counts(
    store: Store, tmp_path: Path
) -> None:
    site(store, A1=FINE, B2=COARSE, C3=IN_PAGES)
    assert advised(store, tmp_path) == ["10 % is finer than the steps of B2 (20 %)"]
    assert advised(store, tmp_path, value="25 %") == []
    assert advised(store, tmp_path, scope='scope.models = ["A*"]') == []


def test_a_signal_that_nobody_reports_is_told_and_one_that_some_do_not(store: Store, tmp_path: Path) -> None:
    site(store, A1=WORDS)
    assert advised(store, tmp_path) == ["none of the 3 printers it is about reports supply.level"]
    site(store, A1=WORDS, B2=FINE)
    assert advised(store, tmp_path) == ["3 of the 6 printers it is about do not report supply.level: A1"]


def test_a_rule_that_fits_no_printer_or_nothing_of_theirs_is_told(store: Store, tmp_path: Path) -> None:
    site(store, A1=FINE)
    assert advised(store, tmp_path, scope='scope.models = ["B*"]') == ["fits none of the printers known here"]
    wax = ["no supply of the 3 printers it is about fits supply.kind"]
    assert advised(store, tmp_path, kind="wax") == wax


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        ('models = ["ECOSIS*"]', 'did you mean "ECOSYS*"?'),
        ('models = ["ECOSYS P2400dw"]', 'did you mean "ECOSYS P2040dw"?'),
        ('models = ["kyocera ecosys p2040dw"]', 'did you mean "ECOSYS P2040dw"?'),
        ('models = ["P2040dw"]', 'did you mean "*P2040dw"?'),
        ('models = ["ECOSYS"]', 'did you mean "ECOSYS*"?'),
        ('models = ["TASKlafa 3*"]', 'did you mean "TASKalfa 3*"?'),
        ('models = ["ECOSIS*", "TASKlafa*"]', 'did you mean "ECOSYS*" and "TASKalfa*"?'),
        ('vendors = ["Exampel"]', 'did you mean "Example"?'),
        ('models = ["bizhub*"]', "compare with: printwarden status"),
        ('models = ["[E]COSIS*"]', "compare with: printwarden status"),
    ],
)
def test_a_scope_that_fits_no_printer_is_told_with_the_nearest_one(
    store: Store, tmp_path: Path, scope: str, meant: str
) -> None:
    site(store, **{"ECOSYS P2040dw": FINE, "TASKalfa 3554ci": FINE})
    (said,) = complaints(store, tmp_path, scope=f"scope.{scope}")
    assert (said.reason, said.suggestion) == ("fits none of the printers known here", meant)


def test_a_pattern_beside_others_that_fit_is_told_with_the_nearest_model(
    store: Store, tmp_path: Path
) -> None:
    site(store, **{"ECOSYS P2040dw": FINE, "TASKalfa 3554ci": FINE})
    scope = 'scope = {{ models = ["ecosys*", "{}"], not_models = ["{}"] }}'
    said = complaints(store, tmp_path, scope=scope.format("TASKlafa*", "ECOSYS P2400*"))
    assert [(it.key, it.reason, it.suggestion) for it in said] == [
        ("mine.scope.models", '"TASKlafa*" fits no printer known here', 'did you mean "TASKalfa*"?'),
        (
            "mine.scope.not_models",
            '"ECOSYS P2400*" fits no printer known here',
            'did you mean "ECOSYS P2040*"?',
        ),
    ]
    assert advised(store, tmp_path, scope=scope.format("TASKalfa*", "bizhub*")) == []


def test_a_rule_for_a_named_site_is_judged_by_the_rest_of_its_scope(store: Store, tmp_path: Path) -> None:
    site(store, A1=FINE)
    assert advised(store, tmp_path, scope='scope.sites = ["berlin"]') == []


def test_from_two_printers_nothing_is_concluded(store: Store, tmp_path: Path) -> None:
    site(store, A1=WORDS)
    with store.transaction() as tx:
        tx.execute("DELETE FROM device WHERE key = 'sn:A10'")
    assert advised(store, tmp_path) == []


def test_a_forecast_counts_as_reported_where_there_is_one(store: Store, tmp_path: Path) -> None:
    """Forecasts are no part of history, and yet known."""
    worn = [replace(supply(90), level=percent) for percent in range(90, 40, -1)]
    site(store, A1=worn)
    path = tmp_path / "own.toml"
    text = RULE.replace("{scope}", "").replace("KIND", "toner")
    path.write_text(
        text.replace(
            '"supply.level", op = "<=", value = "VALUE"', '"supply.days_left", op = "<", value = "5 days"'
        ),
        "utf-8",
    )
    with store.transaction() as tx:
        said = [
            it.reason
            for it in fleet_lint.advise_rules(tx, list(loader.load_rules([path]).rules.values()), 50 * HOUR)
        ]
    assert said == []
