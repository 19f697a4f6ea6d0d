"""part.event_rate: alerts of a part within `per`, for each 1,000 pages printed in that time.

Unknown while the printer is silent, and where it counts no pages: few jams on few pages are no wear, but
their number is unknown. The pages are those between the readings around the window's beginning and now.
"""

from itertools import pairwise

from agent.core.model import Facts
from agent.rules.functions import part_events
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue

KIND = NUMBER
PER = ("part",)
EVIDENCE_TEXT = "{value} for each 1,000 pages"
OPTIONS = part_events.OPTIONS
NEEDS = ("per",)
READS = ("alerts", "meters")
MIN_PAGES = 100  # pages: on fewer a rate says nothing


def read(asked: SignalQuery) -> SignalValue:
    count, window = part_events.read(asked), asked.options["per"]
    if not isinstance(count, int | float) or not isinstance(window, int | float):
        return None
    pages = pages_within(asked.facts, window)
    return None if pages is None else 1000.0 * count / max(MIN_PAGES, pages)


def pages_within(facts: Facts, window: float) -> int | None:
    """Pages printed within the last `window` seconds, from the last reading before it, or the first in it.

    None where the counter began anew in that time: the pages in between are unknown.
    """
    if facts.pages is None or not facts.pages_before:
        return None
    readings = [pages for at, pages in facts.pages_before if at <= facts.now - window][-1:]
    readings += [pages for at, pages in facts.pages_before if at > facts.now - window]
    readings.append(facts.pages)
    if any(later < sooner for sooner, later in pairwise(readings)):
        return None
    return facts.pages - readings[0]
