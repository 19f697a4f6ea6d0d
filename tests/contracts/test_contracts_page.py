"""Every example and command of docs/contracts.md, as a person would run it beside a site's configuration."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent import app, cli
from agent.contracts.assets import parse_assets
from agent.core.model import Address, Identity
from agent.discovery import binding
from agent.reporting import maintenance

PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text("utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
LISTED = re.findall(r"^```\n(serial,.*?)```", PAGE, re.DOTALL | re.MULTILINE)[0]
COMMANDS = re.findall(r"^printwarden (.*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, contracts, assets, and a state with two printers."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "config.toml").touch(0o600)
    (folder / "config.toml").write_text('[storage]\nfolder = "state"\n', "utf-8")
    (folder / "contracts.toml").write_text(EXAMPLE, "utf-8")
    (folder / "assets.csv").write_text(LISTED, "utf-8")
    store = maintenance.open_store(folder / "state" / "printwarden.db", app.MIGRATIONS)
    with store.transaction() as tx:
        for number, (vendor, model, serial) in enumerate(
            [("HP", "LaserJet Enterprise M507", "PHBLL12345"), ("Canon", "iR-ADV", "XLD1")]
        ):
            identity = Identity(vendor=vendor, model=model, serial=serial, is_printer=True)
            binding.bind_identity(tx, identity, Address(f"192.0.2.{number}"), now=1.0)
    store.close()
    return folder


def run(site: Path, *words: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.chdir(site)
    beside = ["--config", "config.toml"] if words[1] != "schema" else []
    result = CliRunner().invoke(cli.build_cli(), [*words, *beside], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_every_command_of_the_page_runs(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(COMMANDS) == 7
    for command in COMMANDS:
        code, out = run(site, *shlex.split(command), monkeypatch=monkeypatch)
        assert code == 0, (command, out)
        assert out


def test_the_ticket_of_the_example_is_explained(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["contracts", "explain", "PHBLL12345", "--at", "2026-11-20T15:40:00-06:00", "--json"]
    code, out = run(site, *words, monkeypatch=monkeypatch)
    told = json.loads(out)
    assert code == 0
    assert (told["contract"], told["priority"], told["covered"]) == ("K-2201-A", "P1", "yes")
    assert [one["part_no"] for one in told["parts"]] == ["RM2-1256"]
    dues = {one["promise"]: one["due"] for one in told["targets"]}
    assert dues["response"] == "2026-11-23T16:40:00Z"
    code, out = run(site, "contracts", "coverage", "--json", monkeypatch=monkeypatch)
    found = {one["device"]: (one["contract"], one["how"]) for one in json.loads(out)["printers"]}
    assert found == {"sn:PHBLL12345": ("K-2201-A", "match"), "sn:XLD1": ("K-REST", "default")}


def test_the_asset_list_of_the_page_is_right() -> None:
    (one,) = parse_assets(LISTED, "assets.csv").assets
    assert (one.asset_tag, one.voltage) == ("A-00417", "110V")


def test_a_mistake_ends_with_its_line_and_exit_code_2(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "draft.toml").write_text(
        EXAMPLE.replace('"business"\nresponse = "4h"', '"busness"\nresponse = "4h"')
    )
    code, out = run(site, "contracts", "check", "draft.toml", monkeypatch=monkeypatch)
    assert code == 2
    assert 'there is no calendar "busness"' in out
    assert 'did you mean "business"?' in out


def test_without_a_configuration_a_draft_is_checked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "draft.toml").write_text(EXAMPLE)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.build_cli(), ["contracts", "check", "draft.toml", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["contracts"] == 2
