"""device.polls_ok: how many polls in a row the printer has answered; 0 while it is silent."""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, SignalValue

KIND = COUNT
PER = ("device",)
WHEN_UNREACHABLE = True
READS = ("reach",)


def read(asked: SignalQuery) -> SignalValue:
    return float(asked.facts.answers_in_a_row)
