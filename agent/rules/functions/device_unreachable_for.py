"""device.unreachable_for: how long the printer has not answered; 0 while it does.

With a `calendar` only business time counts. Unknown for a printer that never answered, as it is unclear
for how long.
"""

from agent.core.calendars import Calendar
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import CALENDAR, DURATION, SignalValue

KIND = DURATION
PER = ("device",)
OPTIONS = {"calendar": CALENDAR}
WHEN_UNREACHABLE = True
READS = ("reach", "clock")


def read(asked: SignalQuery) -> SignalValue:
    facts, calendar = asked.facts, asked.options.get("calendar")
    if facts.last_answer is None:
        return None
    if facts.answers_in_a_row:
        return 0.0
    if isinstance(calendar, Calendar):
        return calendar.count_open_seconds(facts.last_answer, facts.now)
    return max(0.0, facts.now - facts.last_answer)
