"""supply.serial: the serial number of the cartridge, where the printer tells it.

Of the maker's table of supplies (HP, Lexmark) or of the description (Xerox, Samsung); unknown elsewhere.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import ANY_WORD, SignalValue

KIND = ANY_WORD
PER = ("supply",)
READS = ("supplies",)
ROW_LOCAL = True


def read(asked: SignalQuery) -> SignalValue:
    return asked.subject.supply.serial if asked.subject.supply else None
