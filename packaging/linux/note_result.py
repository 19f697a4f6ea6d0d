"""Puts the last result of `make test-install` into docs/install.md, between its two marks.

python3 packaging/linux/note_result.py RESULT
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "install.md"
BEGIN, END = "<!-- test-install -->\n", "<!-- /test-install -->"


def noted(page: str, result: str, day: str) -> str:
    """The page with the result of that day. Raises ValueError if a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE} has lost its marks {BEGIN.strip()} and {END}")
    return f"{before}{BEGIN}Last run {day}:\n\n```text\n{result.strip()}\n```\n{END}{after}"


if __name__ == "__main__":
    if PAGE.exists():
        said = Path(sys.argv[1]).read_text("utf-8")
        PAGE.write_text(noted(PAGE.read_text("utf-8"), said, f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")
