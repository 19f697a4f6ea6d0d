"""Each plug-in is what its kind's type says: a file is made that names all of them, and mypy reads it."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import agent.collectors
import agent.discovery.methods
import agent.simulator.scenarios
from agent.core import plugins

ROOT = Path(__file__).parent.parent.parent
HEAD = """
from agent.collectors._visit import Collector, LocalCollector
from agent.discovery.methods import Way
from agent.simulator.scenario import ScenarioFile
"""
BROKEN = """
class Broken:
    def build_scenario(self) -> None: ...

broken: ScenarioFile = Broken()
"""


def declared(room: ModuleType, kind: str) -> str:
    """One typed line for each file of `room`."""
    names = [f"{room.__name__}.{name}" for name in plugins.list_plugins(room)]
    return "".join(f"import {name}\n{name.replace('.', '_')}: {kind} = {name}\n" for name in names)


def test_each_file_is_what_its_kind_says(tmp_path: Path) -> None:
    kinds = {
        agent.collectors: "Collector | LocalCollector",
        agent.discovery.methods: "Way",
        agent.simulator.scenarios: "ScenarioFile",
    }
    file = tmp_path / "kinds.py"
    file.write_text(HEAD + "".join(declared(room, kind) for room, kind in kinds.items()) + BROKEN)
    mypy = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        "pyproject.toml",
        "--follow-imports",
        "silent",
        str(file),
    ]
    said = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False).stdout
    complaints = [line for line in said.splitlines() if ": error:" in line]
    assert len(complaints) == 1, said
    assert "Broken" in complaints[0], "the control is found"
