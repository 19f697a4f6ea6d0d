"""device.unreachable_for: how long the printer has not answered; 0 while it does.

Unknown for a printer that never answered: nobody can tell for how long.
"""

from agent.rules.kinds import DURATION, Reading
from agent.rules.signals import Asked

KIND = DURATION
PER = ("device",)
LASTS = True


def read(asked: Asked) -> Reading:
    if asked.facts.last_answer is None:
        return None
    return 0.0 if asked.facts.answers_in_a_row else max(0.0, asked.facts.now - asked.facts.last_answer)
