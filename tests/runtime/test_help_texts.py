"""What --help says is what its authors wrote."""

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from agent import cli


def test_a_section_of_a_file_is_shown_with_its_name() -> None:
    for words, what in (
        ("probe", "[exclude]"),
        ("egress show", "[egress]"),
        ("devices trust", "[[printer]]"),
    ):
        shown = CliRunner().invoke(cli.build_cli(), [*words.split(), "--help"], env={"COLUMNS": "200"})
        assert what in shown.output, words


def test_no_help_text_has_brackets_that_would_vanish() -> None:
    texts = list(list_texts(get_command(cli.build_cli())))
    assert len(texts) > 300
    assert [text for text in texts if re.search(r"(?<!\\)\[[a-z/#@][^\[\]]*\]", text)] == []


def list_texts(command: Any) -> Iterator[str]:
    yield command.help or ""
    yield from (parameter.help or "" for parameter in command.params if hasattr(parameter, "help"))
    for sub in getattr(command, "commands", {}).values():
        yield from list_texts(sub)
