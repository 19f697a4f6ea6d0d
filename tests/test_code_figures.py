"""The figures of names, sizes and prose stay within their bounds, and each bound can be broken."""

from dataclasses import replace

import pytest
from code_figures import ROOT, CodeFigures, is_odd, is_one_word, measure, measure_trees, tracked_files

BOUNDS = {
    "top_entries": 22,
    "one_word": 0.45,
    "shared": 0.03,
    "file_median": 100,
    "file_p95": 270,
    "function_median": 8,
    "function_p95": 25,
    "odd": 0.05,
}


def over(figures: CodeFigures) -> list[str]:
    """The figures that are over their bound."""
    beyond = [name for name, bound in BOUNDS.items() if getattr(figures, name) > bound]
    return [*beyond, *(["longest"] if figures.longest[0] > 60 else [])]


@pytest.fixture(scope="module")
def figures() -> CodeFigures:
    return measure(tracked_files())


def test_the_figures_stay_within_their_bounds(figures):
    assert over(figures) == [], "\n".join(figures.lines())


@pytest.mark.parametrize("name", [*BOUNDS, "longest"])
def test_each_bound_can_be_broken(figures, name):
    worse = (61, "f") if name == "longest" else BOUNDS[name] * 1.01
    assert name in over(replace(figures, **{name: worse}))


def test_figures_are_counted_from_the_files(tmp_path):
    (tmp_path / "one.py").write_text(
        '"""What is told."""\n\n\nclass Line:\n    def take(self): ...\n', "utf-8"
    )
    (tmp_path / "two.py").write_text(
        '"""A line."""\n\n\nclass Line:\n    def load_facts(self): ...\n', "utf-8"
    )
    counted = measure_trees(
        {path: path.read_text("utf-8") for path in sorted(tmp_path.glob("*.py"))}, top_entries=2
    )
    assert (counted.one_word, counted.shared_names, counted.shared, counted.odd) == (0.5, ["Line"], 1.0, 0.5)
    assert counted.longest[0] == 1


@pytest.mark.parametrize(
    ("docstring", "odd"),
    [
        ("What is told of a printer beside tickets and reads", True),
        ("Whoever listens hears nothing.", True),
        ("A printer that somebody switches off.", True),
        ("Queue inventory and supply events for one poll, in its transaction.", False),
        ("Builds the facts that rules evaluate.", False),
        ("How to reach the provider.", False),
    ],
)
def test_an_odd_docstring_is_one_that_a_newcomer_reads_twice(docstring, odd):
    assert is_odd(docstring) == odd


def test_a_name_of_one_word_has_no_underscore_inside():
    assert [is_one_word(name) for name in ("close", "_close", "close_ticket", "__init__")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_files_of_agent_and_uplink_are_measured():
    assert {path.relative_to(ROOT).parts[0] for path in tracked_files()} == {"agent", "uplink"}
