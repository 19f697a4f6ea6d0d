"""The suite keeps its own rules: parallel workers do not meet, and a bound on what it costs can hold."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LOOPBACK = re.compile(r"\b127\.[\d{]")
NAMING = {
    "kit/loopback.py",  # gives the addresses
    "uplink/test_https_target.py",  # which written addresses are loopback is what it tests
}


def naming(text: str) -> list[str]:
    """The lines that name a loopback address."""
    return [line.strip() for line in text.splitlines() if LOOPBACK.search(line)]


def test_no_test_names_a_loopback_address_but_takes_one_of_its_workers():
    files = {path.relative_to(TESTS).as_posix(): path for path in TESTS.rglob("*.py")}
    named = {name: naming(path.read_text("utf-8")) for name, path in files.items() if name not in NAMING}
    del named["test_suite.py"]
    assert {name: lines for name, lines in named.items() if lines} == {}, "see tests/kit/loopback.py"


@pytest.mark.parametrize("line", ['BASE = "127.77.0.1"', 'f"127.9{seed}.0.1"', "f'127.{n}.0.1'"])
def test_the_search_finds_an_address_however_it_is_written(line):
    assert naming(f"x = 1\n{line}\n") == [line]


def test_two_workers_share_no_address(monkeypatch):
    blocks = [block_of(monkeypatch, worker) for worker in ("gw0", "gw1", "gw2")]
    assert len({name for block in blocks for name in block}) == 2 * len(blocks)


def block_of(monkeypatch, worker: str) -> set[str]:
    """The first two octets of a worker's near and far addresses."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
    space: dict = {}
    exec(compile((TESTS / "kit" / "loopback.py").read_text("utf-8"), "loopback", "exec"), space)  # noqa: S102
    return {space["own"]("4.1").rpartition(".4.1")[0], space["own_far"]("4.1").rpartition(".4.1")[0]}
