"""Figures about names, sizes and prose of the code: `python tests/kit/code_figures.py` prints them.

one-word functions    share of functions (dunders left out) whose name is one word
shared class names    share of classes whose name another class of agent or uplink has, too; published models
                      mirror records and do not count: `uplink/events`, and the document of `probe --json`
odd idiom             share of docstrings with a riddle: a free relative clause as subject, nobody/somebody,
                      "told", "said" and the like for data
"""

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ODD = re.compile(
    r"^(?:What|Who|Whoever|Whatever|Whether|How|Where|When) (?!to )\w+"
    r"|\b(?:whoever|whatever|nobody|somebody|anybody|whom)\b"
    r"|\b(?:told|heard|unheard)\b|\bsaid (?:of|so|to|by)\b|\b(?:is|are|was|were|be|been) said\b"
    r"|\bis none\b|\b(?:goes|go|gone) by\b|\bof ours\b|\bbe had\b|\bis had\b",
    re.IGNORECASE,
)
PUBLISHED = ("uplink/events/",)
Function = ast.FunctionDef | ast.AsyncFunctionDef
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFigures:
    """The figures of the files under agent and uplink."""

    top_entries: int
    functions: int
    one_word: float
    classes: int
    shared_names: list[str]
    shared: float
    file_median: float
    file_p95: float
    function_median: float
    function_p95: float
    longest: tuple[int, str]
    docstrings: int
    odd: float

    def lines(self) -> Iterator[str]:
        """The figures as a person reads them."""
        yield f"entries in agent/           {self.top_entries}"
        yield f"one-word functions          {self.one_word:.1%} of {self.functions}"
        yield f"shared class names          {self.shared:.1%} of {self.classes}  {' '.join(self.shared_names)}"
        yield f"lines a file                median {self.file_median:.0f}, p95 {self.file_p95:.0f}"
        yield f"lines a function            median {self.function_median:.0f}, p95 {self.function_p95:.0f}"
        yield f"longest function            {self.longest[0]} lines: {self.longest[1]}"
        yield f"docstrings with odd idiom   {self.odd:.1%} of {self.docstrings}"


def is_one_word(name: str) -> bool:
    """True for `close` and `_close`, False for `close_ticket` and for dunders."""
    return not name.startswith("__") and "_" not in name.strip("_")


def is_odd(docstring: str) -> bool:
    """True if the docstring has an idiom that a newcomer has to read twice."""
    return ODD.search(docstring) is not None


def percentile(values: list[int], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def tracked_files() -> list[Path]:
    """The Python files under agent and uplink."""
    found = (path for top in ("agent", "uplink") for path in (ROOT / top).rglob("*.py"))
    return sorted(path for path in found if "__pycache__" not in path.parts)


def measure(files: list[Path]) -> CodeFigures:
    """Read the files and count."""
    top_entries = sum(entry.name != "__pycache__" for entry in (ROOT / "agent").iterdir())
    return measure_trees({path: path.read_text("utf-8") for path in files}, top_entries=top_entries)


def measure_trees(sources: dict[Path, str], *, top_entries: int) -> CodeFigures:
    """Count in the text of each file."""
    nodes = [(path, node) for path, source in sources.items() for node in ast.walk(ast.parse(source))]
    functions = [(path, node) for path, node in nodes if isinstance(node, Function)]
    named = [node.name for _, node in functions if not node.name.startswith("__")]
    classes = [
        node.name
        for path, node in nodes
        if isinstance(node, ast.ClassDef) and not any(part in path.as_posix() for part in PUBLISHED)
    ]
    times = Counter(classes)
    docs = [text for _, node in nodes if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node))]
    sizes = [(length(node), f"{path.name}:{node.lineno} {node.name}") for path, node in functions]
    lengths = [len(source.splitlines()) for source in sources.values()]
    return CodeFigures(
        top_entries=top_entries,
        functions=len(named),
        one_word=sum(map(is_one_word, named)) / len(named),
        classes=len(classes),
        shared_names=sorted(name for name in times if times[name] > 1),
        shared=sum(times[name] > 1 for name in classes) / len(classes),
        file_median=statistics.median(lengths),
        file_p95=percentile(lengths, 0.95),
        function_median=statistics.median(size for size, _ in sizes),
        function_p95=percentile([size for size, _ in sizes], 0.95),
        longest=max(sizes),
        docstrings=len(docs),
        odd=sum(map(is_odd, docs)) / len(docs),
    )


def length(function: Function) -> int:
    """The lines of a function, its decorators left out."""
    return (function.end_lineno or 0) - function.lineno + 1


if __name__ == "__main__":
    print(*measure(tracked_files()).lines(), sep="\n")
