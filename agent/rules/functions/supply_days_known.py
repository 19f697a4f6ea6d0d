"""supply.days_known: whether `supply.days_at_pace` has an estimate, so that one can order by days.

Never unknown while the printer answers: a rule that orders by percent asks for it in `when.none`. False in
the first two weeks that a printer is known, in which its pace is a guess, and in the first week of a new
epoch of the page counter, whose pages an estimate rests on.
"""

from agent.rules.functions import supply_days_at_pace
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("supply",)
FORECAST = True
READS = supply_days_at_pace.READS
SETTLING_TIME = 7 * 86400.0  # as the rule `counter-epoch` has it
LEARNING_TIME = 14 * 86400.0  # two weeks show the days on which nobody prints


def read(asked: SignalQuery) -> SignalValue:
    if asked.subject.supply is None:
        return None
    if asked.facts.now - asked.facts.device.first_seen < LEARNING_TIME:
        return False
    since = asked.facts.epoch_since
    if asked.facts.epoch and since is not None and asked.facts.now - since < SETTLING_TIME:
        return False
    return supply_days_at_pace.read(asked) is not None
