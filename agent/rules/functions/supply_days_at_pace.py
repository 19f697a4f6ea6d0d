"""supply.days_at_pace: in how many days a supply is empty if printing goes on as it does. An estimate.

The plain division, before the fleet's past misses correct it (that is `supply.days_left`): pages left by the
pages of this printer's week. To order by it is steadier: past misses differ from gauge to gauge and from
season to season, and orders would follow them. Unknown where `supply.days_left` is, and in the first day of
a cartridge: levels are still settling, and what was just delivered need not be ordered again.
"""

from collections.abc import Mapping

from agent.rules.functions import supply_days_left
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("supply",)
FORECAST = True
READS = ("supplies", "meters")
PLACEHOLDERS = supply_days_left.PLACEHOLDERS
DAY = 86400.0
SETTLING_TIME = DAY  # after which a new cartridge is believed


def read(asked: SignalQuery) -> SignalValue:
    found = supply_days_left.reliable_forecast(asked)
    supply = asked.subject.supply
    renewed = asked.facts.renewed.get(supply.index) if supply else None
    if found is None or (renewed is not None and asked.facts.now - renewed < SETTLING_TIME):
        return None
    return DAY * found.raw


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    return supply_days_left.placeholder_values(asked)
