"""What a contract makes of one ticket: whose it is, what is covered, who is sent with what, and by when."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.contracts import matching
from agent.contracts.assets import Asset, AssetList
from agent.contracts.contract_book import ContractBook
from agent.contracts.sla_clock import TicketTimes
from agent.contracts.ticket_terms import ContractTerms, TicketTerms
from agent.core.model import Impact
from tests.contracts.conftest import make_device

KYOCERA = make_device(vendor="Kyocera", model="ECOSYS P2040dw", serial="VHB1", key="sn:VHB1")
BROTHER = make_device(vendor="Brother", model="HL-L5100DN", serial="E7", key="sn:E7")
RICOH = make_device(vendor="Ricoh", model="MP C3004", serial="R1", key="sn:R1")
HP = make_device()
NEAR = Asset(serial="PHBLL12345", territory="60601", voltage="110 v")
FAR = Asset(serial="PHBLL12345", territory="90210", voltage="220V")
STARTED = datetime.fromisoformat("2026-11-20T21:40:09Z").timestamp()


def build(
    book: ContractBook, device: object, impact: Impact, fault: str, *assets: Asset, code: str | None = None
) -> TicketTerms:
    zone = ZoneInfo("America/Chicago")
    terms = ContractTerms(book=book, assets=AssetList.build(assets), site_id="S-04", zone=zone)
    times = TicketTimes(started=STARTED)
    return terms.build_terms(device, impact, fault, times, STARTED, vendor_code=code)  # type: ignore[arg-type]


MATCHES = [
    # printer, asset, contract by the configuration, contract, how, problem
    (HP, None, None, "K-2201-A", "match", ""),
    (HP, None, "K-2201-A", "K-2201-A", "match", ""),
    (HP, None, "K-TM", "K-2201-A", "match", "remove one of the two"),
    (HP, Asset(serial="PHBLL12345", contract="K-TM"), None, "K-TM", "assets.csv", ""),
    (HP, Asset(serial="PHBLL12345", contract="K-9"), None, "K-REST", "default", "does not have"),
    (KYOCERA, None, None, "K-TM", "match", ""),
    (RICOH, None, None, "K-REST", "default", ""),
    (RICOH, None, "K-PAGE", "K-PAGE", "configuration", ""),
    (RICOH, None, "K-0", "K-REST", "default", 'configuration names the contract "K-0"'),
]


@pytest.mark.parametrize(("device", "asset", "named", "contract", "how", "problem"), MATCHES)
def test_every_printer_is_under_one_contract_or_the_default(
    dealer: ContractBook,
    device: object,
    asset: Asset | None,
    named: str | None,
    contract: str,
    how: str,
    problem: str,
) -> None:
    listed = AssetList.build([asset] if asset else [])
    device = replace(device, contract=named)  # type: ignore[type-var]
    found = matching.find_contract(dealer, listed, device, "S-04")
    assert found.contract is not None
    assert (found.contract.id, found.how) == (contract, how)
    assert problem in found.problem
    assert bool(problem) == bool(found.problem)


def test_two_that_fit_are_a_finding_and_the_first_counts(dealer: ContractBook) -> None:
    twice = replace(
        dealer, contracts=(*dealer.contracts, dealer.contracts[1].model_copy(update={"id": "K-TWO"}))
    )
    found = matching.find_contract(twice, AssetList(), KYOCERA, "S-04")
    assert found.contract is dealer.contracts[1]
    assert found.problem == "K-TM and K-TWO fit it, and a printer is under one contract"


def test_without_a_file_nothing_is_known_but_the_usual_priority() -> None:
    found = build(ContractBook(), HP, Impact.DEVICE_DOWN, "fuser.failure")
    assert (found.match.how, found.priority, found.route, found.targets) == ("none", "P1", None, ())
    assert (found.cover.covered, found.cover.chargeable, found.cover.reason) == (None, None, "no_contract")


PLACES = [
    # printer, fault, impact, asset → queue, dispatch, covered, reason, priority
    (HP, "fuser.failure", Impact.DEVICE_DOWN, NEAR, "dealer-dispatch", "auto", True, "covered", "P1"),
    (HP, "fuser.failure", Impact.DEVICE_DOWN, FAR, "fieldtech-acme", "auto", True, "covered", "P1"),
    (HP, "supply.low", Impact.SUPPLY, NEAR, "dealer-dispatch", "next_visit", True, "covered", "P3"),
    (
        HP,
        "supply.foreign",
        Impact.DEGRADED,
        NEAR,
        "dealer-dispatch",
        "auto",
        False,
        "excluded:third_party_toner",
        "P2",
    ),
    (HP, "cover.open", Impact.CUSTOMER_FIXABLE, NEAR, "dealer-dispatch", "notice", True, "covered", None),
    (
        KYOCERA,
        "fuser.failure",
        Impact.DEVICE_DOWN,
        None,
        "dealer-dispatch",
        "await_approval",
        False,
        "time_and_materials",
        "P1",
    ),
    (BROTHER, "feed.jams", Impact.DEGRADED, None, "wholesale-portal", "auto", True, "covered", "P2"),
    (RICOH, "feed.jams", Impact.DEGRADED, None, "fieldtech-acme", "auto", False, "contract_ended", "P2"),
]


@pytest.mark.parametrize(
    ("device", "fault", "impact", "asset", "queue", "dispatch", "covered", "reason", "priority"), PLACES
)
def test_each_fault_goes_to_its_place(
    dealer: ContractBook,
    device: object,
    fault: str,
    impact: Impact,
    asset: Asset | None,
    queue: str,
    dispatch: str,
    covered: bool,
    reason: str,
    priority: str | None,
) -> None:
    found = build(dealer, device, impact, fault, *([asset] if asset else []))
    assert found.route is not None
    assert (found.route.organisation.queue, found.route.dispatch) == (queue, dispatch)
    assert (found.cover.covered, found.cover.reason, found.priority) == (covered, reason, priority)


KITS = [
    (NEAR, None, ["Z7Y75-67901"]),
    (FAR, None, ["Z7Y75-67902"]),
    (None, None, ["Z7Y75-67901", "Z7Y75-67902"]),  # of an unknown voltage both, each with its own
    (NEAR, "50.2F", ["RM2-0001"]),  # the maker's own code is more exact
    (NEAR, "13.20", ["Z7Y75-67901"]),
]


@pytest.mark.parametrize(("asset", "code", "parts"), KITS)
def test_the_kit_is_that_of_model_fault_code_and_voltage(
    dealer: ContractBook, asset: Asset | None, code: str | None, parts: list[str]
) -> None:
    listed = [asset] if asset else []
    found = build(dealer, HP, Impact.DEVICE_DOWN, "fuser.failure", *listed, code=code)
    assert [part.part_no for _, part in found.needs.parts] == parts


def test_who_lacks_the_skill_is_not_sent(dealer: ContractBook) -> None:
    weak = dealer.organisations["own"].model_copy(update={"skills": ("kyocera.*",)})
    book = replace(dealer, organisations={**dealer.organisations, "own": weak})
    found = build(book, HP, Impact.DEVICE_DOWN, "fuser.failure", NEAR)
    assert found.route is not None
    assert (found.route.organisation.id, found.route.problem) == ("SO-ACME", "")
    nobody = replace(book, organisations={"own": weak})
    found = build(nobody, HP, Impact.DEVICE_DOWN, "fuser.failure", NEAR)
    assert found.route is not None
    assert found.route.problem == "nobody of the contract has hp.a3.colour.fuser"


def test_a_printer_without_a_territory_goes_to_who_covers_all(dealer: ContractBook) -> None:
    found = build(dealer, HP, Impact.DEVICE_DOWN, "fuser.failure")
    assert found.route is not None
    assert (found.route.organisation.id, found.route.problem) == ("SO-ACME", "")
    found = build(dealer, KYOCERA, Impact.DEVICE_DOWN, "fuser.failure")
    assert found.route is not None
    assert found.route.problem == "nobody of the contract covers a printer without a territory"


def test_the_promises_of_its_priority_are_on_the_clock(dealer: ContractBook) -> None:
    found = build(dealer, HP, Impact.DEVICE_DOWN, "fuser.failure", NEAR)
    dues = {one.name: one.due for one in found.targets}
    assert dues["response"] == datetime.fromisoformat("2026-11-23T10:40:09-06:00").timestamp()
    assert dues["resolution"] == datetime.fromisoformat("2026-11-23T14:40:09-06:00").timestamp()
    assert found.calendar == "us-central-business"


def test_how_a_contract_was_found_is_told_alike_at_every_look(dealer: ContractBook) -> None:
    """The id that a printer carries since the last look is no word of the configuration."""
    terms = ContractTerms(book=dealer, site_id="S-04", assign=lambda device: device)
    marked = terms.assign_contract(RICOH)
    assert marked.contract == "K-REST"
    assert terms.find_match(marked).how == "default"
    configured = replace(terms, assign=lambda device: replace(device, contract="K-PAGE"))
    assert configured.find_match(configured.assign_contract(RICOH)).how == "configuration"
