"""supply.pages_left: how many pages a supply will still give, by what pages took out of it. An estimate."""

from agent.rules.functions import supply_days_left
from agent.rules.signals import Asked
from agent.rules.value_kinds import NUMBER, Reading

KIND = NUMBER
PER = ("supply",)
FORGOTTEN = True
READS = ("supplies", "meters")


def read(asked: Asked) -> Reading:
    found = supply_days_left.outlook(asked)
    return None if found is None else found.pages_left
