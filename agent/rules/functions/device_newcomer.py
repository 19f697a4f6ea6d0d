"""device.newcomer: whether the printer was first seen within a day, at a site watched for a week before.

The printers that were there when monitoring began are no newcomers. Unknown where it is not known since when
the site is watched.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("device",)
EVIDENCE_TEXT = "new"
READS = ("reach", "clock")
DAY = 86400.0
WATCHED_BEFORE, NEW_FOR = 7 * DAY, DAY


def read(asked: SignalQuery) -> SignalValue:
    facts = asked.facts
    if facts.site.watched_since is None or not facts.answers_in_a_row:
        return None
    met = facts.device.first_seen
    return met - facts.site.watched_since >= WATCHED_BEFORE and facts.now - met < NEW_FOR
