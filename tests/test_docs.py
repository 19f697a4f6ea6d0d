"""What the documents say is so: commands, rules and links in them are tried."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from agent.cli import VERBS, build_cli
from agent.rules import loader

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def page(name):
    return (ROOT / name).read_text("utf-8")


def test_the_table_of_commands_names_every_verb():
    table = page("docs/commands.md")
    named = {
        verb
        for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for verb in re.findall(r"`(\w+)", cell)
    }
    assert named == set(VERBS)


def every_command(command, words=()):
    """The words of each verb, sub-verbs included."""
    yield words
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command(below, (*words, name))


COMMANDS = build_cli()


@pytest.mark.parametrize("words", list(every_command(typer.main.get_command(COMMANDS))), ids=" ".join)
def test_every_verb_shows_its_help(words):
    """Brackets in a help text are markup to Rich: a "[/PATH]" that closes nothing ends in a traceback."""
    told = CliRunner().invoke(COMMANDS, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert told.exit_code == 0, told.output
    assert "Usage" in told.output
    assert words != ("probe",) or "ipp://HOST[:PORT][/PATH]" in told.output


def test_the_rules_in_the_readme_are_right(tmp_path):
    for number, text in enumerate(re.findall(r"```toml\n(.*?)```", page("README.md"), re.DOTALL)):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        loader.load_rules([*loader.shipped_files(), path])


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
