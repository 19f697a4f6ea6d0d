"""`printwarden forecast`, run beside a state file in which a cartridge has run down for months."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent import config as configuration
from agent.app import MIGRATIONS
from agent.core.model import Address, Identity, Meter, SiteFacts, Snapshot, Supply
from agent.core.store import Store
from agent.discovery import binding
from agent.pipeline import facts_builder
from tests.forecast.conftest import Office

SERIAL = "A1"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose state file knows one printer and 100 of its days."""
    folder = tmp_path_factory.mktemp("state")
    path = folder / "config.toml"
    path.write_text(f'[[network]]\ncidr = "192.0.2.1/32"\n[storage]\nfolder = "{folder}"\n')
    path.chmod(0o600)
    store = Store(configuration.load_config(path).database_path, MIGRATIONS)
    address = Address("192.0.2.1")
    identity = Identity(vendor="Kyocera", model="ECOSYS P2040dw", serial=SERIAL, is_printer=True)
    with store.transaction() as tx:
        device = binding.bind_identity(tx, identity, address, now=0.0).device
        for at, count, look in Office(scatter=0.3).readings(100):
            level = round(100 * (look.level or 0.0))
            toner = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=level, max=100)
            meters = (Meter(name="total", value=count),)
            snapshot = Snapshot(address=address, at=at, supplies=(toner,), meters=meters, alerts=())
            facts_builder.update_facts(tx, device, snapshot, SiteFacts(id="site"))
    store.close()
    return path


def forecast(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", "forecast", *arguments, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, encoding="utf-8")


def test_it_gives_an_estimate_with_its_interval_its_basis_and_the_baseline(config: Path) -> None:
    said = forecast(config, SERIAL).stdout
    for words in ("estimates", "empty in about", "80 % between", "a straight line says", "measured", "●"):
        assert words in said


def test_programs_are_told_that_it_is_an_estimate(config: Path) -> None:
    (told,) = json.loads(forecast(config, SERIAL, "--json").stdout)
    (supply,) = told["supplies"]
    assert told["estimate"] is True
    assert 0.0 < supply["p10"] < supply["p50"] < supply["p90"]


def test_the_drawing_is_well_formed_and_says_what_it_is(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "toner.svg"
    assert forecast(config, SERIAL, "--svg", str(file)).returncode == 0
    drawing = ElementTree.parse(file).getroot()  # noqa: S314 - our own file
    assert "estimate" in (drawing.findtext("{http://www.w3.org/2000/svg}title") or "")


def test_the_look_back_shows_what_became_of_the_forecasts(config: Path) -> None:
    told = json.loads(forecast(config, "--accuracy", "--days", "99999", "--json").stdout)
    assert told["emptied"] == 2
    assert [lead["days"] for lead in told["leads"]] == [14.0, 7.0, 3.0]
    said = forecast(config, "--accuracy", "--days", "99999").stdout
    assert "can still be chance" in said


def test_an_unknown_printer_is_no_success(config: Path) -> None:
    done = forecast(config, "nobody")
    assert done.returncode == 1
    assert "no printer is known as nobody" in done.stderr
