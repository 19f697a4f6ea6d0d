"""A contract file with three service models, and printers to hold against it."""

from pathlib import Path

import pytest

from agent.contracts import loader
from agent.contracts.contract_book import ContractBook
from agent.core.model import Address, Device

HERE = Path(__file__).parent
DEALER = HERE / "dealer.toml"


@pytest.fixture(scope="session")
def dealer() -> ContractBook:
    return loader.load_contracts(DEALER)


def make_device(**changes: object) -> Device:
    """A printer of the dealer's first contract."""
    usual = {
        "key": "sn:PHBLL12345", "address": Address("192.0.2.10"), "vendor": "HP", "serial": "PHBLL12345",
        "model": "Color LaserJet MFP E78630", "location": "Floor 2",
    }  # fmt: skip
    return Device(**{**usual, **changes})  # type: ignore[arg-type]
