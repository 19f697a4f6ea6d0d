"""The import sentences, kept by reading the imports of every file.

1. `uplink` imports nothing from `agent`.
2. A stage never imports another stage.
3. A third-party package has named homes only.
4. Of `agent`, only what reports, puts together, runs or is called by a person imports `uplink`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = ("discovery", "inventory", "collectors", "history", "rules", "tickets", "contracts", "web")
HOMES = {
    "pysnmp": {"agent/snmp/v3.py", "agent/snmp/traps.py", "agent/snmp/oracle.py", "agent/simulator/v3.py"},
    "zeroconf": {"agent/discovery/methods/_mdns.py", "agent/simulator/mdns.py"},
    "apscheduler": {"agent/pipeline/polling/schedule.py"},
    "httpx": {"agent/collectors/ipp.py", "uplink/targets/https.py", "uplink/identity/identity.py"},
    "tenacity": {"uplink/delivery/retry.py"},
    "platformdirs": {"agent/core/paths.py"},
}
KNOW_UPLINK = (
    "agent/reporting/", "agent/reporting/sender.py", "agent/reporting/printer_status.py", "agent/reporting/inventory_changes.py", "agent/reporting/supply_stages.py",
    "agent/reporting/privacy.py", "agent/reporting/journal.py", "agent/reporting/status_views.py",  # reporting
    "agent/app.py", "agent/reporting/maintenance.py",
    "agent/runtime/setup/", "agent/runtime/demo/", "agent/runtime/selftest.py", "agent/cli/",  # the process and its commands
    "agent/pipeline/replay/result_cache.py",  # hashes every file of the program
)  # fmt: skip
"""The files and folders of `agent` that may import `uplink`."""
FILES = sorted(
    path.relative_to(ROOT).as_posix() for room in ("agent", "uplink") for path in (ROOT / room).rglob("*.py")
)


def imports(source: str) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it: `from a.b import c` gives a.b and a.b.c."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def stage(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "agent" and len(parts) > 1 and parts[1] in STAGES else None


def offences(file: str, source: str) -> list[str]:
    """Each import of `file` that breaks a sentence, with the sentence's number."""
    here = stage(file.removesuffix(".py").replace("/", "."))
    found = set()
    for module in imports(source):
        top = module.split(".")[0]
        if file.startswith("uplink/") and top == "agent":
            found.add(f"1: {file} imports {module}")
        if here and stage(module) not in (None, here):
            found.add(f"2: {file} imports {module}")
        if file.startswith("agent/") and top == "uplink" and not file.startswith(KNOW_UPLINK):
            found.add(f"4: {file} imports {module}; events are built in agent/reporting/")
        if top in HOMES and file not in HOMES[top]:
            found.add(f"3: {file} imports {module}; its home is {', '.join(sorted(HOMES[top]))}")
    return sorted(found)


@pytest.mark.parametrize("file", FILES)
def test_the_import_sentences_hold(file):
    assert offences(file, (ROOT / file).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("file", "line", "sentence"),
    [
        ("uplink/outbox/outbox.py", "from agent.core.model import Device", "1"),
        ("uplink/outbox/outbox.py", "import agent", "1"),
        ("agent/rules/engine.py", "from agent.history import facts", "2"),
        ("agent/rules/engine.py", "from agent import tickets", "2"),
        ("agent/history/record.py", "def late():\n    import agent.collectors.printer_mib", "2"),
        ("agent/tickets/lifecycle.py", "from uplink import outbox", "4"),
        ("agent/pipeline/pipeline.py", "from uplink.events.ticket import Ticket", "4"),
        ("agent/app.py", "import httpx", "3"),
        ("uplink/delivery/delivery.py", "from tenacity import retry", "3"),
    ],
)
def test_a_broken_sentence_is_caught(file, line, sentence):
    assert [offence[0] for offence in offences(file, line)][:1] == [sentence]


@pytest.mark.parametrize("place", KNOW_UPLINK)
def test_nobody_may_import_the_uplink_without_need(place):
    sources = [(ROOT / file).read_text("utf-8") for file in FILES if file.startswith(place)]
    assert any(module.split(".")[0] == "uplink" for source in sources for module in imports(source))


def test_packaging_is_no_package():
    assert not (ROOT / "packaging" / "__init__.py").exists(), "it would hide PyPI's package of that name"
