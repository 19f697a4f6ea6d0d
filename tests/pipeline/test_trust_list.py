"""`devices trust --from`: a list of addresses from a file or a pipe, audited; what is no list is refused in a sentence."""

import json

import pytest
from typer.testing import CliRunner

from agent.cli import build_cli

CONFIG = """
[storage]
folder = "state"
[[network]]
cidr = "192.0.2.0/24"
[exclude]
hosts = ["192.0.2.66"]
"""


@pytest.fixture
def trust(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)

    def run(content: bytes, *words: str, piped: bool = False):
        (tmp_path / "list.txt").write_bytes(content)
        source = "-" if piped else str(tmp_path / "list.txt")
        command = ["devices", "trust", "--config", str(tmp_path / "config.toml"), "--from", source, *words]
        return CliRunner().invoke(build_cli(["devices"]), command, input=content if piped else None)

    run.folder = tmp_path
    return run


LIST = "192.0.2.31  # hall\r\n\r\n# the others\n 192.0.2.32\n192.0.2.31\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("piped", [False, True], ids=["a file", "a pipe"])
def test_each_address_is_trusted_once_and_audited(trust, encoding, piped):
    result = trust(LIST.encode(encoding), "--json", piped=piped)
    assert json.loads(result.stdout) == {"trusted": ["192.0.2.31", "192.0.2.32"]}
    lines = (trust.folder / "state" / "trusted-hosts").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["192.0.2.31", "192.0.2.32"]
    (entry,) = map(json.loads, (trust.folder / "state" / "audit.jsonl").read_text().splitlines())
    assert (entry["action"], entry["hosts"]) == ("hosts trusted", ["192.0.2.31", "192.0.2.32"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"192.0.2.31\nprinter-7\n", "printer-7"),
        (b"192.0.2.31\n198.51.100.1\n", "no [[network]]"),
        (b"192.0.2.66\n", "excluded"),
        (b"\xe4\xf6\xfc\n", "not text in UTF-8"),
        (b"\xff\xfe1", "not text in UTF-8"),
        (b"# nobody\n", "lists no address"),
        (b"", "lists no address"),
    ],
)
def test_a_list_with_a_mistake_trusts_nobody(trust, content, words):
    result = trust(content)
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())
    assert not (trust.folder / "state" / "trusted-hosts").exists()


def test_a_file_that_is_not_there_is_named(trust, tmp_path):
    result = trust(b"x", "--from", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "cannot be read: No such file" in " ".join(result.output.replace("│", " ").split())
