"""`printwarden selftest`: says what is whole, and what is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import agent
from agent.runtime import selftest


def run(*arguments):
    command = [sys.executable, "-m", "agent", "selftest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_this_installation_is_whole_and_says_what_it_is_made_of():
    ended = run("--json")
    told = json.loads(ended.stdout)
    assert ended.returncode == 0, told["checks"]
    assert [check["name"] for check in told["checks"]] == list(selftest.CHECKS)
    assert "2 printers read over SNMP v2c and v3" in told["checks"][-1]["said"]
    assert {
        "agent.collectors.printer_mib",
        "agent.rules.functions.supply_level",
        "uplink.targets.https",
    } <= set(told["modules"])
    assert {"agent/rules/defaults/supplies.toml", "uplink/events/openapi.yaml"} <= set(told["data"])


def test_every_python_file_is_among_the_modules():
    root = Path(agent.__file__).parent
    files = {
        ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in root.rglob("*.py")
    }
    assert files - {"agent", "agent.__main__"} - selftest.OTHER_PLATFORMS <= set(selftest.list_modules())


async def test_what_is_missing_is_told_and_the_rest_is_tried_all_the_same(monkeypatch):
    async def broken() -> str:
        raise ModuleNotFoundError("No module named 'pysnmp.smi.mibs'")

    async def fine() -> str:
        return "seen"

    monkeypatch.setattr(selftest, "CHECKS", {"a": broken, "b": fine})
    checks = await selftest.run_checks()
    assert [(check.name, check.ok, check.said) for check in checks] == [
        ("a", False, "ModuleNotFoundError: No module named 'pysnmp.smi.mibs'"),
        ("b", True, "seen"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a folder of links")
def test_a_build_without_its_rules_is_not_whole(tmp_path):
    """The negative control: the same program with the shipped rules left out."""
    for room in ("agent", "uplink"):
        source = Path(agent.__file__).parent.parent / room
        for path in source.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.parent.name != "defaults":
                place = tmp_path / room / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "agent", "selftest"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "not whole" in ended.stdout
