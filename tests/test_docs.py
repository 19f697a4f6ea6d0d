"""What the documents say is so: commands, rules and links in them are tried."""

import re
from pathlib import Path

import pytest

from agent.cli import VERBS
from agent.rules import schema

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def page(name):
    return (ROOT / name).read_text("utf-8")


def test_the_readme_names_every_verb():
    table = page("README.md").partition("## Commands")[2].partition("## ")[0]
    named = {
        verb
        for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for verb in re.findall(r"`(\w+)", cell)
    }
    assert named == set(VERBS)


def test_the_rules_in_the_readme_are_right(tmp_path):
    for number, text in enumerate(re.findall(r"```toml\n(.*?)```", page("README.md"), re.DOTALL)):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        schema.load([*schema.shipped(), path])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "command", re.findall(r"^make ([a-z-]+)", page("README.md") + page("CONTRIBUTING.md"), re.MULTILINE)
)
def test_make_targets_in_the_documents_exist(command):
    assert re.search(rf"^{command}:", page("Makefile"), re.MULTILINE)


def test_the_table_of_rooms_names_files_that_exist():
    for room in re.findall(r"\| `((?:agent|uplink)/[\w/.]+)`", page("CONTRIBUTING.md")):
        assert (ROOT / room).exists(), room
