"""supply.pages_left: how many pages a supply will still give, by what pages took out of it. An estimate."""

from agent.rules.functions import supply_days_left
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue

KIND = NUMBER
PER = ("supply",)
FORECAST = True
READS = ("supplies", "meters")


def read(asked: SignalQuery) -> SignalValue:
    found = supply_days_left.find_forecast(asked)
    return None if found is None else found.pages_left
