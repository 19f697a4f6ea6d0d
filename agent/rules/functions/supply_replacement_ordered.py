"""supply.replacement_ordered: whether an order for this supply is under way.

True while a supply ticket for it is open here, unless the desk closed it as none of its business, and while
one is at work at the desk. A rule that asks for it in `when.none` needs a `clear` of its own, or its own
ticket would end it.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("supply",)
READS = ("supplies", "orders")


def read(asked: SignalQuery) -> SignalValue:
    if asked.subject.supply is None:
        return None
    return asked.subject.key in asked.facts.ordered
