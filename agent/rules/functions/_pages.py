"""Shared by the signals about printed pages: the pages of a window and how long that was."""

from itertools import pairwise

from agent.core.model import Facts

DAY, MONTH = 86400.0, 30 * 86400.0
SLACK = 1.5 * DAY  # older readings are kept once a day


def count_pages(facts: Facts, window: float) -> tuple[int, float] | None:
    """(pages, seconds) from the last reading before the window, or the first in it, until now.

    None where nothing was read, where the counter began anew, and where less than the window is known.
    """
    if facts.pages is None or not facts.pages_before:
        return None
    before = [it for it in facts.pages_before if it[0] <= facts.now - window][-1:]
    readings = [*before, *(it for it in facts.pages_before if it[0] > facts.now - window)]
    counts = [*(pages for _, pages in readings), facts.pages]
    begin, first = readings[0]
    if any(later < sooner for sooner, later in pairwise(counts)) or facts.now - begin < window - SLACK:
        return None
    return facts.pages - first, max(DAY, facts.now - begin)
