"""device.polls_ok: how many polls in a row the printer has answered; 0 while it is silent."""

from agent.rules.signals import Asked
from agent.rules.value_kinds import COUNT, Reading

KIND = COUNT
PER = ("device",)
LASTS = True
READS = ("reach",)


def read(asked: Asked) -> Reading:
    return float(asked.facts.answers_in_a_row)
