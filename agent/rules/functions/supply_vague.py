"""supply.vague: why a supply has no percentage (RFC 3805: -1, -2, -3); "no" where it has one."""

from agent.core.model import Vague
from agent.rules.signals import Asked
from agent.rules.value_kinds import Reading, words

KIND = words("no", *Vague)
PER = ("supply",)
READS = ("supplies",)
ITSELF = True


def read(asked: Asked) -> Reading:
    if asked.subject.supply is None:
        return None
    return str(asked.subject.supply.vagueness or "no")
