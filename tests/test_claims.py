"""Every claim about delivery has a proof, a broken variant, and a line in the document; and a run without one fails."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from claims import CLAIMS, LISTED

TESTS = Path(__file__).parent
RELIABILITY = TESTS.parent / "docs" / "reliability.md"


def marked(kind):
    """The claims that some test says it shows, or is the control of."""
    sources = "\n".join(
        file.read_text("utf-8") for file in TESTS.rglob("test_*.py") if file != Path(__file__)
    )
    return set(re.findall(rf'^\s*@pytest\.mark\.{kind}\("([\w-]+)"\)', sources, re.MULTILINE))


@pytest.mark.parametrize("kind", ["claim", "control"])
def test_every_claim_has_a_proof_and_a_broken_variant_and_no_other_is_named(kind):
    assert marked(kind) == set(CLAIMS)


def test_names_are_given_once():
    assert len(CLAIMS) == len(LISTED)


@pytest.mark.parametrize("claim", LISTED, ids=lambda claim: claim.name)
def test_a_claim_is_in_the_document(claim):
    assert f"| {claim.says} |" in RELIABILITY.read_text("utf-8"), "run: python docs/make_reliability.py"


def run(folder, body, *options):
    """A session of its own over these tests; (exit code, what it printed)."""
    (folder / "conftest.py").write_text("from conftest_of_ours import *\n")
    ours = (TESTS / "conftest.py").read_text("utf-8")
    (folder / "conftest_of_ours.py").write_text(ours)
    (folder / "test_it.py").write_text("import pytest\n" + body)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TESTS / "kit"), str(folder)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder),
         str(folder), *options],
        env=environment, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


PROOF = """
@pytest.mark.claim("poison")
def test_shown(figure):
    figure(poisoned=1, events=60, arrived=59, dead=1, requests=13)
"""
CONTROL = """
@pytest.mark.control("poison")
def test_broken(figure):
    figure(waiting=2)
"""
SHORT = """
@pytest.mark.claim("corrupt")
def test_shown(figure):
    figure(files=30, median=1.0, altered=0)

@pytest.mark.control("corrupt")
def test_broken(figure):
    figure(files=30, altered=3)
"""


PARALLEL = ("-p", "xdist", "-n", "2")


@pytest.mark.parametrize("how", [(), PARALLEL], ids=["one process", "two workers"])
def test_a_line_has_claim_figure_control_and_seconds(tmp_path, how):
    code, said = run(
        tmp_path, PROOF + CONTROL, "--claim", "poison", "--claims-to", str(tmp_path / "to.json"), *how
    )
    says = CLAIMS["poison"].says
    assert said.splitlines()[-1].startswith(says), "the table is what the eye falls on last"
    assert (
        f"{says} · 1 of 60 unacceptable: 59 arrive, 1 dead with a reason, 13 requests · no bisecting: 2 of 2"
        in said
    )
    assert code == 0
    (line,) = json.loads((tmp_path / "to.json").read_text("utf-8"))
    assert (line["name"], line["wanting"]) == ("poison", [])
    assert line["seconds"] >= 0


@pytest.mark.parametrize(
    ("body", "claim", "complaint"),
    [
        (PROOF, "poison", "no control"),
        (CONTROL, "poison", "not shown"),
        (PROOF.replace("arrived=59", "came=59") + CONTROL, "poison", "measured nothing"),
        (PROOF + CONTROL.replace("figure(waiting=2)", "assert not figure"), "poison", "1 FAILED"),
        (SHORT, "corrupt", "30 of 500 files"),
    ],
    ids=["no control", "no proof", "no figure", "a control that does not fail", "not at full length"],
)
def test_a_claim_that_is_not_shown_fails_the_long_run_and_says_why(tmp_path, body, claim, complaint):
    code, said = run(tmp_path, body, "--claim", claim, "--claims-to", str(tmp_path / "to.json"))
    assert code == 1
    assert f"· {complaint}" in said


def test_without_a_file_to_write_the_fast_share_is_no_failure(tmp_path):
    code, said = run(tmp_path, SHORT)
    assert code == 0
    assert "30 files: median 100.0% of the events survive" in said


WANTING = """
def test_deeper(needs):
    needs("a-program-that-nobody-has")
"""


@pytest.mark.parametrize("how", [(), PARALLEL], ids=["one process", "two workers"])
@pytest.mark.parametrize(("ci", "wanted"), [("true", 1), ("", 0)], ids=["in CI", "elsewhere"])
def test_a_test_that_is_skipped_for_want_of_a_package_fails_in_ci(tmp_path, monkeypatch, how, ci, wanted):
    monkeypatch.setenv("CI", ci)
    code, said = run(tmp_path, WANTING, *how)
    assert (code, "1 skipped" in said) == (wanted, True), said
    assert ("1 tests were skipped for want of a package" in said) == bool(ci)
