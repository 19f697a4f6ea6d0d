"""The line that a complaint names is the line of the key, whatever the file holds around it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.core import toml

TEXTS = {
    "in a text over several lines": ('a = """\nkey = 1\n[b]\n"""\n[b]\n#>\nkey = 2\n', ("b", "key")),
    "in a literal over several lines": ("a = '''\nkey = 1 \"\"\"\n'''\n#>\nkey = 2\n", ("key",)),
    "after an escaped quote": ('a = """\nsay \\""" key\nkey = 1\n"""\n#>\nkey = 2\n', ("key",)),
    "after a text that ends in quotes": ('a = """\nx"""""\n#>\nkey = 2\n', ("key",)),
    "after quotes in a comment": ("a = 1 # \"\"\" it's\n# '''\n#>\nkey = 2\n", ("key",)),
    "in a table whose header stands in a text": (
        'a = """\n[[x]]\n"""\n[[x]]\nk = 1\n[[x]]\n#>\nk = 2\n',
        ("x", 1, "k"),
    ),
    "beside a row that looks like a header": (
        'a = [\n  ["b"],\n]\n#>\nkey = 1\n["b"]\nkey = 2\n',
        ("key",),
    ),
    "of the second element": ('a = [\n  { k = "]" },\n  # { k = 2 }\n#>\n  { k = 3 },\n]\n', ("a", 1, "k")),
    "of an element over several lines": ("a = [ [1,\n 2],\n\n#>\n [3,\n 4] ]\n", ("a", 1, 0)),
    "of an element after a text with a bracket": ('a = [ """\n]\n""",\n#>\n"x" ]\n', ("a", 1)),
    "after an array with a comma in its last comment": ("a = [\n1,\n] # x,\n#>\nkey = 1\n", ("key",)),
    "of an array in an inline table": ("#>\na = { b = [\n1,\n2] }\n", ("a", "b", 1)),
    "in an inline table": ("b = 1\n#>\na = { b = { key = 1 } }\n", ("a", "b", "key")),
    "in quotes": ("#>\n\"a b\".'c.d' = 1\n", ("a b", "c.d")),
    "in a header in quotes": ('[a."b.c] #"]\n#>\nkey = 1\n', ("a", "b.c] #", "key")),
    "with an equals sign in it": ('#>\n"a = b" = 1\n', ("a = b",)),
    "with dots": ("[t]\n a . b = 1\n#>\n a.c = 2\n", ("t", "a", "c")),
    "of a table in an array of tables": (
        "[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]\n#>\nkey = 1\n",
        ("a", 1, "b", 1, "key"),
    ),
    "of a table": ("[a.b]\n#>\n[a]\n[c]\n", ("a",)),
    "after separators that Python takes for line ends": ("a = '\x85\u2028' # \x85\n#>\nkey = 1\n", ("key",)),
    "that is missing, of the table around it": ("[a]\n#>\n[b]\nx = 1\n", ("b", "key")),
}


def line_of(text: str, where: toml.TomlPath, folder: Path) -> int | None:
    path = folder / "file.toml"
    path.write_bytes(text.encode())
    return toml.load_document(path).find_line(where)


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("case", TEXTS)
def test_the_line_is_that_of_the_key(case: str, ending: str, tmp_path: Path) -> None:
    """`#>` stands above the line that is meant."""
    text, where = TEXTS[case]
    meant = text.split("\n").index("#>") + 2
    assert line_of(text.replace("\n", ending), where, tmp_path) == meant


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert line_of("\ufeff# made by an editor\nkey = 1\n", ("key",), tmp_path) == 2


def test_a_long_file_is_searched_once_for_all_its_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work grows with the file, not with its square, nor with the number of mistakes."""
    parsed: list[str] = []
    loads = tomllib.loads

    def counted(text: str) -> dict[str, Any]:
        parsed.append(text)
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    rows = "".join(f'  {{ name = "{number}" }},\n' for number in range(500))
    text = 'why = """\n' + "prose\n" * 500 + f'"""\nrow = [\n{rows}]\n'
    document = toml.Document(Path("long.toml"), text, {})
    assert [document.find_line(("row", number)) for number in (0, 250, 499)] == [504, 754, 1003]
    assert sum(map(len, parsed)) < 10 * len(text)
