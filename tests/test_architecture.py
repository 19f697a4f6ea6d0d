"""`docs/architecture.md` against the code: rooms, the order of imports, homes of packages, plug-in folders.

Each check has its control below: a broken variant that must be caught.
"""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
FILES = sorted(
    path.relative_to(ROOT).as_posix() for top in ("agent", "uplink") for path in (ROOT / top).rglob("*.py")
)
KNOW_UPLINK = {"reporting", "app", "runtime", "cli"}
ONLY_CORE = {"simulator"}
START_SIMULATOR = {"runtime", "cli"}


def section(title: str) -> str:
    """The text below a heading of the page."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def drawn_rooms(text: str) -> set[str]:
    """The folders of the tree that the page draws: "agent/core/model", …"""
    rooms, path = set(), []
    for line in text.splitlines():
        if found := re.match(r"^([│├└─ ]*)([\w.]+)/ ", line):
            depth = len(found[1]) // 4
            path = [*path[:depth], found[2]]
            rooms.add("/".join(path))
    return rooms


def layers(text: str) -> dict[str, int]:
    """Room -> its place in the order of imports, from the sentence on the page."""
    (sentence,) = re.findall(r"^Imports: (.*)$", text, re.MULTILINE)
    return {
        room.strip(): place for place, layer in enumerate(sentence.split("<")) for room in layer.split(",")
    }


def package_homes(text: str) -> dict[str, tuple[str, ...]]:
    """Third-party package -> the files and folders that may import it."""
    homes = {}
    for packages, places in re.findall(r"^\| (`.*?) \| (`.*?) \|$", text, re.MULTILINE):
        for package in re.findall(r"`(\w+)`", packages):
            homes[package] = tuple(re.findall(r"`([\w/.]+)`", places))
    return homes


LAYERS = layers(section("What may import what"))
HOMES = package_homes(section("Third-party packages have homes"))


def imports(source: str) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it: `from a.b import c` gives a.b and a.b.c."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    """`agent.rules.engine` -> "rules"; None for other packages, and for what `agent` itself offers."""
    parts = module.split(".")
    inside = parts[0] == "agent" and len(parts) > 1
    return parts[1] if inside and parts[1] in {*LAYERS, *ONLY_CORE} else None


def offence(file: str, module: str) -> str | None:
    """Which sentence of the page this import breaks: "order", "uplink", "simulator" or "home"."""
    here, there = room_of(file.removesuffix(".py").replace("/", ".")), room_of(module)
    top = module.split(".", maxsplit=1)[0]
    broken = {
        "uplink": (file.startswith("uplink/") and top == "agent")
        or (here is not None and top == "uplink" and here not in KNOW_UPLINK),
        "simulator": (here in ONLY_CORE and there not in {None, here, "core"})
        or (here is not None and there in ONLY_CORE and here not in {*ONLY_CORE, *START_SIMULATOR}),
        "order": here in LAYERS and there in LAYERS and here != there and LAYERS[there] >= LAYERS[here],
        "home": not own_or_standard(top) and not file.startswith(HOMES.get(top, ())),
    }
    return next((sentence for sentence, is_broken in broken.items() if is_broken), None)


def own_or_standard(package: str) -> bool:
    """True for this project's packages and for Python's own library."""
    return package in {"agent", "uplink"} or package in sys.stdlib_module_names


@pytest.mark.parametrize("file", FILES)
def test_each_import_follows_the_page(file):
    source = (ROOT / file).read_text("utf-8")
    assert {
        f"{broken}: {file} imports {module}"
        for module in imports(source)
        if (broken := offence(file, module))
    } == set()


@pytest.mark.parametrize(
    ("file", "line", "sentence"),
    [
        ("uplink/outbox/outbox.py", "from agent.core.model import Device", "uplink"),
        ("uplink/outbox/outbox.py", "import agent", "uplink"),
        ("agent/tickets/lifecycle.py", "from uplink.outbox import outbox", "uplink"),
        ("agent/config/secrets.py", "from uplink.identity import secret_store", "uplink"),
        ("agent/rules/engine.py", "from agent.history import facts", "order"),
        ("agent/rules/engine.py", "from agent import tickets", "order"),
        ("agent/history/record.py", "def late():\n    import agent.collectors.printer_mib", "order"),
        ("agent/core/store.py", "from agent.config import Config", "order"),
        ("agent/pipeline/pipeline.py", "from agent.app import Agent", "order"),
        ("agent/simulator/printer.py", "from agent.snmp import codec", "simulator"),
        ("agent/simulator/ipp.py", "from agent.collectors._ipp import codec", "simulator"),
        ("agent/collectors/ipp.py", "from agent.simulator import ber", "simulator"),
        ("agent/app.py", "import httpx", "home"),
        ("uplink/delivery/delivery.py", "from tenacity import retry", "home"),
        ("agent/history/record.py", "import numpy", "home"),
    ],
)
def test_an_import_against_the_page_is_caught(file, line, sentence):
    assert file in FILES
    assert {offence(file, module) for module in imports(line)} - {None} == {sentence}


def test_the_page_draws_each_room_that_exists():
    folders = {path for file in FILES if file.endswith("/__init__.py") for path in [file.rpartition("/")[0]]}
    data = {"agent/rules/defaults", "agent/collectors/profiles"}
    assert drawn_rooms(section("The rooms")) == folders | data


def test_a_room_that_is_not_drawn_is_missed():
    without = section("The rooms").replace("├── snmp/ ", "├── ")
    assert "agent/snmp" not in drawn_rooms(without)


def test_each_file_lies_in_a_folder_that_is_a_package():
    assert {file.rpartition("/")[0] for file in FILES} <= {
        file.rpartition("/")[0] for file in FILES if file.endswith("__init__.py")
    }


def import_graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Module -> the modules of this project that it imports, from file -> text."""
    modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in sources}
    return {
        module: {name for name in imports(sources[file]) if name in modules and name != module}
        - {module.rpartition(".")[0]}
        for module, file in modules.items()
        if not file.endswith("/__init__.py")
    }


def test_no_files_import_each_other_in_a_circle():
    graph = import_graph({file: (ROOT / file).read_text("utf-8") for file in FILES})
    assert list(TopologicalSorter(graph).static_order())


def test_a_circle_is_caught():
    with pytest.raises(CycleError):
        TopologicalSorter(
            import_graph(
                {"agent/a.py": "from agent import b", "agent/b.py": "def late():\n    import agent.a"}
            )
        ).prepare()


def test_the_top_of_the_tree_is_small():
    assert len([path for path in (ROOT / "agent").iterdir() if path.name != "__pycache__"]) <= 22


def test_each_package_with_a_home_is_used_there():
    used = {
        (module.split(".")[0], file) for file in FILES for module in imports((ROOT / file).read_text("utf-8"))
    }
    for package, places in HOMES.items():
        for place in places:
            assert any(name == package and file.startswith(place) for name, file in used), (package, place)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:agent|uplink|tests)/[\w/.]+)`", PAGE))))
def test_each_path_on_the_page_exists(path):
    assert (ROOT / path).exists()


def test_packaging_is_no_package():
    assert not (ROOT / "packaging" / "__init__.py").exists(), "it would hide PyPI's package of that name"
