"""`printwarden probe`, as somebody types it, against printers on real sockets."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fleets import walk_fleet
from loopback import HOME, free_port

from agent.cli._probe_clauses import CLAUSES, find_clause
from agent.cli._probe_document import ProbeDocument
from agent.core.model import Address

CASES = Path(__file__).parent / "cases"


@pytest.fixture
async def printer() -> AsyncIterator[Address]:
    async with walk_fleet([CASES / "every-open-alert-stands" / "walk.snmprec"], HOME, 0) as fleet:
        yield fleet.members[0].address


async def probe(*words: object) -> tuple[int, str, str]:
    """(exit code, stdout, stderr)"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "probe", *map(str, words),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode("utf-8"), err.decode("utf-8")


async def test_a_technician_sees_who_how_and_what(printer):
    code, out, err = await probe(printer)
    assert (code, err) == (0, "")
    for told in (
        "Kyocera ECOSYS P9999dn",
        "VXX1234567",
        "jammed",
        "staplerMotorFailure (30233)",
        "Front Cover",
        "open",
    ):
        assert told in out


async def test_json_is_the_document_of_the_schema(printer):
    code, out, _ = await probe(printer, "--json")
    document = ProbeDocument.model_validate_json(out)
    assert code == 0
    assert document.identity.vendor == "Kyocera"
    assert [alert.kind for alert in document.alerts or []].count("state") == 2
    assert document.sources is None


async def test_the_keys_of_the_contract_are_there(printer):
    document = json.loads((await probe(printer, "--json"))[1])
    for part, keys in {
        "identity": "vendor model serial firmware mac uuid is_printer",
        "status": "device printer errors",
    }.items():
        assert set(keys.split()) <= set(document[part])
    for part, keys in {
        "alerts": "code name group group_index location severity training text kind",
        "inputs": "index name level max percent vagueness",
        "covers": "index description state",
    }.items():
        assert set(keys.split()) <= set(document[part][0])
    assert {"supplies", "outputs", "meters"} <= set(document)


async def test_explain_shows_oid_and_clause(printer):
    _, out, _ = await probe(printer, "--explain")
    assert "1.3.6.1.2.1.43.18.1.1.7.1.11" in out
    assert "IANA-PRINTER-MIB" in out
    document = json.loads((await probe(printer, "--json", "--explain"))[1])
    assert document["sources"]["inputs.1.1.level"] == "1.3.6.1.2.1.43.8.2.1.10.1.1"


async def test_the_schema_needs_no_printer():
    code, out, _ = await probe("--schema")
    schema = json.loads(out)
    assert code == 0
    supply = schema["$defs"]["ProbedSupply"]
    assert "class" in supply["properties"]
    assert supply["additionalProperties"] is False


async def test_silence_ends_with_1_and_says_what_to_check():
    code, out, err = await probe(f"{HOME}:{free_port()}", "--timeout", "0.1", "--json")
    assert (code, out) == (1, "")
    assert "no answer" in err
    assert "--community" in err


async def test_a_wrong_community_is_silence(printer, tmp_path):
    (tmp_path / "community").write_text("secret-5521\n")
    code, _, err = await probe(printer, "--community-file", tmp_path / "community", "--timeout", "0.1")
    assert (code, "secret-5521" in err) == (1, False)
    assert 'credential "given"' in err, "not blamed on public"


@pytest.mark.parametrize("words", [["--community-file", "FILE"], []], ids=["a file", "the environment"])
async def test_a_community_comes_from_a_file_or_the_environment(printer, tmp_path, monkeypatch, words):
    (tmp_path / "community").write_text("public\n")
    if not words:
        monkeypatch.setenv("PRINTWARDEN_COMMUNITY", "public")
    code, out, _ = await probe(
        printer, *(tmp_path / "community" if it == "FILE" else it for it in words), "--json"
    )
    assert (code, json.loads(out)["identity"]["serial"]) == (0, "VXX1234567")


async def test_a_community_on_the_command_line_is_refused_and_not_repeated(printer):
    code, _, err = await probe(printer, "--community", "secret-5521")
    assert (code, "secret-5521" in err) == (2, False)
    assert "--community-file" in err


async def test_an_excluded_printer_is_asked_only_on_request(printer, tmp_path):
    config = tmp_path / "config.toml"
    serial = "VXX1234567"
    config.write_text(f'[exclude]\nhosts = ["{HOME}"]\n', "utf-8")
    code, out, err = await probe(printer, "--config", config, "--json")
    assert (code, out) == (2, "")
    assert "--although-excluded" in err
    code, out, _ = await probe(printer, "--config", config, "--although-excluded", "--json")
    assert (code, json.loads(out)["identity"]["serial"]) == (0, serial)
    code, out, _ = await probe(printer, "--json")
    mac = json.loads(out)["identity"]["mac"]
    if mac:
        config.write_text(f'[exclude]\nmacs = ["{mac}"]\n', "utf-8")
        code, out, err = await probe(printer, "--config", config, "--json")
        assert (code, out) == (2, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([f"{HOME}:0"], "not a port"),
        ([f"{HOME}:snmp"], "not a port"),
        (["no-such-host.invalid"], "cannot be resolved"),
        ([HOME, "--version", "3"], "--credential"),
        ([HOME, "--credential", "floor2", "--community", "public"], "not both"),
        ([], "Missing argument"),
    ],
)
async def test_a_mistake_on_the_command_line_ends_with_2(words, said):
    code, _, err = await probe(*words)
    assert code == 2
    assert said in " ".join(err.replace("│", " ").split())


async def test_a_credential_of_the_configuration_is_used(printer, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[[credential]]\nname = "floor2"\ncommunity = "public"\nversion = "1"\n', "utf-8")
    code, out, _ = await probe(printer, "--credential", "floor2", "--config", config, "--json")
    assert code == 0
    assert json.loads(out)["identity"]["serial"] == "VXX1234567"
    code, _, err = await probe(printer, "--credential", "flor2", "--config", config)
    assert code == 2
    assert 'did you mean "floor2"?' in " ".join(err.replace("│", " ").split())


async def test_hostile_text_cannot_colour_the_screen():
    walk = CASES / "texts-in-many-encodings" / "walk.snmprec"
    async with walk_fleet([walk], HOME, 0) as fleet:
        code, out, _ = await probe(fleet.members[0].address)
    assert code == 0
    assert "[31mMagenta <b>toner</b>" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_each_clause_belongs_to_a_value_that_is_read():
    assert find_clause("supplies.1.3.level").startswith("prtMarkerSuppliesLevel")
    assert find_clause("identity.serial").startswith("prtGeneralSerialNumber")
    assert find_clause("nothing.1.1.here") == ""
    assert all(text for text in CLAUSES.values())
