"""supply.vague: why a supply has no percentage (RFC 3805: -1, -2, -3); "no" where it has one."""

from agent.core.model import Vague
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of("no", *Vague)
PER = ("supply",)
READS = ("supplies",)
ROW_LOCAL = True


def read(asked: SignalQuery) -> SignalValue:
    if asked.subject.supply is None:
        return None
    return str(asked.subject.supply.vagueness or "no")
