"""part.event_trend: a part's alerts for each page within `per`, beside those of the `per` before.

2 is twice as many. By pages, not by days: a busy week jams more. None before counts as one, so that the
first jam of a year is no trend. Unknown while the printer is silent, and where it counts no pages.
"""

from dataclasses import replace

from agent.rules.functions import _alerts, part_event_rate, part_events
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue, ValueKind

KIND = NUMBER
PER = ("part",)
EVIDENCE_TEXT = "{value} times as often as before"
WINDOW = replace(part_events.WINDOW, high=15 * 86400.0)  # twice this is how far back the facts hold alerts
OPTIONS: dict[str, ValueKind] = {"per": WINDOW, "code": _alerts.CODE}
NEEDS = ("per",)
READS = ("alerts", "meters")


def read(asked: SignalQuery) -> SignalValue:
    window = asked.options["per"]
    if not isinstance(window, int | float):
        return None
    twice = SignalQuery(asked.subject, asked.facts, {**asked.options, "per": 2 * window})
    lately, both = part_events.read(asked), part_events.read(twice)
    pages, all_pages = (part_event_rate.pages_within(asked.facts, span) for span in (window, 2 * window))
    if not isinstance(lately, float) or not isinstance(both, float) or pages is None or all_pages is None:
        return None
    before = max(1.0, both - lately) / max(part_event_rate.MIN_PAGES, all_pages - pages)
    return lately / max(part_event_rate.MIN_PAGES, pages) / before
