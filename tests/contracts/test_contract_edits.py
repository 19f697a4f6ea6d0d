"""Edits of contracts and assets: small ones are in force at once, large ones wait for a person, none is lost."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent import app, cli
from agent.app import Agent
from agent.contracts import edit_impact
from agent.contracts.assets import Asset, AssetList
from agent.contracts.contract_book import ContractBook
from agent.contracts.ticket_terms import ContractTerms
from agent.core import audit
from agent.core.clock import Clock
from agent.core.model import Address, Change, ChangeKind, Device, Identity, Impact
from agent.discovery import binding
from agent.runtime import jobs
from agent.tickets import lifecycle
from tests.contracts.conftest import make_device

DEVICES = [make_device(key=f"sn:{n}", serial=f"{n}", vendor="Kyocera", model="M") for n in range(100)]


def terms_of(book: ContractBook, *unmanaged: str) -> ContractTerms:
    assets = AssetList.build(Asset(serial=serial, managed=False) for serial in unmanaged)
    return ContractTerms(book=book, assets=assets, site_id="S-04")


def test_a_small_edit_needs_no_consent_and_a_large_one_does(dealer: ContractBook) -> None:
    before = terms_of(dealer)
    few = edit_impact.compare_terms(before, terms_of(dealer, "1", "2", "3", "4"), DEVICES, [])
    assert (len(few.edits), few.needs_consent) == (4, False)
    many = edit_impact.compare_terms(before, terms_of(dealer, *"12345"), DEVICES, [])
    assert (len(many.edits), many.needs_consent) == (5, True)
    assert (many.edits[0].before, many.edits[0].after) == ("K-TM", "unmanaged")
    one = edit_impact.compare_terms(before, terms_of(dealer, "1"), DEVICES[:3], [])
    assert not one.needs_consent, "one printer of a small site is no flood"


def test_tickets_that_would_be_cancelled_are_counted(dealer: ContractBook) -> None:
    tickets = [("sn:1", Impact.DEGRADED)] * 6
    found = edit_impact.compare_terms(terms_of(dealer), terms_of(dealer, "1"), DEVICES, tickets)
    assert (found.cancelled, found.needs_consent) == (6, True)
    assert found.format_summary() == "changes the contract of 1 of 100 printers, and would cancel 6 tickets"
    quiet = dealer.contracts[1].model_copy(update={"priority": {Impact.DEGRADED: "none"}})
    book = replace(dealer, contracts=(dealer.contracts[0], quiet, *dealer.contracts[2:]))
    found = edit_impact.compare_terms(terms_of(dealer), terms_of(book), DEVICES, tickets)
    assert (len(found.edits), found.cancelled) == (1, 6), "a priority that becomes none"


def test_the_first_contracts_of_a_site_change_nothing_that_was_agreed(dealer: ContractBook) -> None:
    found = edit_impact.compare_terms(ContractTerms(), terms_of(dealer, *"12345"), DEVICES, [])
    assert (found.edits, found.needs_consent) == ((), False)


CONTRACTS = '[[service_org]]\nid = "own"\nmodel = "own_technicians"\nqueue = "q"\n' + "".join(
    f'[[contract]]\nid = "{name}"\nbilling_model = "flat"\nservice_org = ["own"]\nrenews = "yearly"\n{what}\n'
    for name, what in (("K-A", 'match = { vendor = ["HP"] }'), ("K-B", "default = true"))
)


@pytest.fixture
def site(tmp_path: Path) -> Callable[[], Agent]:
    """`site()`: the agent of a folder with contracts and 20 printers; each call is a start."""
    config = tmp_path / "config.toml"
    config.touch(0o600)
    config.write_text('[storage]\nfolder = "state"\n[mdns]\nenabled = false\n')
    (tmp_path / "contracts.toml").write_text(CONTRACTS)

    def start() -> Agent:
        return app.build_agent(config, Clock())

    agent = start()
    with agent.store.transaction() as tx:
        for number in range(20):
            identity = Identity(vendor="HP", model="M507", serial=f"A{number}", is_printer=True)
            device = binding.bind_identity(tx, identity, Address(f"192.0.2.{number}"), now=1.0).device
            open_ticket(tx, device)
    agent.store.close()
    return start


def open_ticket(tx: object, device: Device) -> None:
    words = {"rule": "r", "subject": "", "component": "", "severity": "high", "title": "T", "since": 1.0}
    change = Change(
        kind=ChangeKind.OPENED, at=1.0, device=device, fault="feed.jams", impact=Impact.DEGRADED, **words
    )  # type: ignore[arg-type]
    lifecycle.apply_changes(tx, [change])  # type: ignore[arg-type]


async def look(agent: Agent) -> str:
    """What the agent says of edited files, after one look at them."""
    await jobs.reload_files(agent)
    return agent.contracts.complaint


def assets_of(folder: Path, managed: str, numbers: range) -> None:
    rows = "".join(f"A{number},{managed}\n" for number in numbers)
    (folder / "assets.csv").write_text("serial,managed\n" + rows)


async def test_a_large_edit_waits_until_it_is_accepted_also_over_a_restart(
    site: Callable[[], Agent], tmp_path: Path
) -> None:
    agent = site()
    assert await look(agent) == ""
    assets_of(tmp_path, "no", range(7))
    said = await look(agent)
    assert "changes the contract of 7 of 20 printers, and would cancel 7 tickets" in said
    assert "printwarden contracts accept" in said
    assert not agent.pipeline.terms.assets.assets
    agent.store.close()

    again = site()
    assert not again.pipeline.terms.assets.assets, "the last good one, also after a restart"
    assert "waits" not in await look(again)
    assert "7 of 20" in again.contracts.complaint

    def accept(*words: str, given: str | None = None):
        command = ["contracts", "accept", *words, "--config", str(tmp_path / "config.toml")]
        return CliRunner().invoke(cli.build_cli(), command, input=given, env={"COLUMNS": "200"})

    refused = await asyncio.to_thread(accept, given="n\n")
    assert refused.exit_code == 1
    assert "7 of 20" in await look(again) or again.contracts.complaint
    told = json.loads((await asyncio.to_thread(accept, "--yes", "--json")).stdout)
    assert (told["cancelled"], told["needs_consent"], len(told["edits"])) == (7, True, 7)
    assert await look(again) == ""
    assert len(again.pipeline.terms.assets.assets) == 7
    assert [one["action"] for one in audit.read_entries(tmp_path / "state")].count("contracts accepted") == 1
    assets_of(tmp_path, "no", range(14))
    assert "14 of" in await look(again) or "7 of 20" in again.contracts.complaint, (
        "consent was for those files"
    )
    again.store.close()


async def test_files_that_were_broken_while_it_was_stopped_leave_what_was_in_force(
    site: Callable[[], Agent], tmp_path: Path
) -> None:
    agent = site()
    await look(agent)
    agent.store.close()
    (tmp_path / "contracts.toml").write_text("[[contract]\n")
    again = site()
    assert [one.id for one in again.pipeline.terms.book.contracts] == ["K-A", "K-B"]
    assert "not valid TOML" in await look(again)
    again.store.close()


async def test_a_printer_that_is_no_longer_managed_is_told_as_cancelled(
    site: Callable[[], Agent], tmp_path: Path
) -> None:
    agent = site()
    await look(agent)
    assets_of(tmp_path, "no", range(1))
    assert await look(agent) == ""
    device = agent.pipeline.terms.assign_contract(make_device(serial="A0", vendor="HP"))
    assert not device.managed
    rule = next(iter(agent.pipeline.evaluator.rules.rules.values()))
    assert not rule.scope.covers_device(device), "no rule covers it: its tickets are withdrawn"
    agent.store.close()
