"""Writes the table of claims into docs/reliability.md: `python docs/make_reliability.py [build/claims.json]`.

The file is what `make test-long` leaves behind.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- claims -->", "<!-- end of claims -->"
HEAD = "| claim | figure | broken on purpose | seconds |\n|---|---|---|---|"
Line = Mapping[str, Any]


def row(line: Line) -> str:
    """One line of the table."""
    wanting = f" **{'; '.join(line['wanting'])}**" if line["wanting"] else ""
    return f"| {line['says']} | {line['figure']}{wanting} | {line['control']} | {line['seconds']:.0f} |"


def table(lines: Sequence[Line]) -> str:
    """The whole table, with where and when."""
    loads = sorted(line["load"] for line in lines if line["load"] is not None)
    busy = f", load {loads[0]} to {loads[-1]}" if loads else ""
    when = f"{min(line['ended'] for line in lines)} to {max(line['ended'] for line in lines)}"
    rows = "\n".join(map(row, lines))
    return f"{HEAD}\n{rows}\n\nThe claims ended {when}, on {lines[0]['cores']} cores{busy}."


def main(file: Path) -> None:
    """Put the table between its marks."""
    lines = json.loads(file.read_text("utf-8"))
    text = PAGE.read_text("utf-8")
    start, _, rest = text.partition(BEGIN)
    _, _, end = rest.partition(END)
    PAGE.write_text(f"{start}{BEGIN}\n\n{table(lines)}\n\n{END}{end}", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "build" / "claims.json")
