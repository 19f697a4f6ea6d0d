"""supply.days_left: within how many days a supply will be empty, with the given chance. An estimate.

`chance = 0.30` asks for the day by which it is empty in three of ten cases: earlier than the best estimate
(0.5), so a rule that orders by it is late less often. Unknown while the printer is silent, and from the
moment the supply is empty until another is seen: the forecast is about a cartridge that is no more. Unknown,
too, while it rests on the rated yield alone and not on the use of this printer's cartridges.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agent.core.model import SupplyForecast
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import CHANCE, DURATION, SignalValue

KIND = DURATION
PER = ("supply",)
FORECAST = True
OPTIONS = {"chance": CHANCE}
READS = ("supplies", "meters")
CHANCES = (10, 20, 30, 40, 50, 60, 70, 80, 90)
PLACEHOLDERS = (*(f"p{chance}_date" for chance in CHANCES), "days_left", "forecast_basis")
DAY = 86400.0
NEAR, FAR = 300.0, 3650.0  # days
ASSUMED = "assumed"  # nothing of this printer's own behind it: to show, not to order by


def read(asked: SignalQuery) -> SignalValue:
    found = reliable_forecast(asked)
    if found is None:
        return None
    chance = asked.options.get("chance", 0.5)
    return DAY * found.days_at_chance(chance if isinstance(chance, float) else 0.5)


def placeholder_values(asked: SignalQuery) -> Mapping[str, str]:
    """For titles: {p40_date} is the day by which it is empty with a chance of 40 %; and the estimate."""
    found = find_forecast(asked)
    if found is None:
        return {}
    made = datetime.fromtimestamp(found.at, UTC)
    return {
        **{f"p{chance}_date": _format_day(made, found.days_at_chance(chance / 100)) for chance in CHANCES},
        "days_left": f"{found.p50:.0f} days ({found.p10:.0f} to {found.p90:.0f})",
        "forecast_basis": found.basis,
    }


def _format_day(made: datetime, days: float) -> str:
    """ "29 Nov"; with its year where it could be taken for another; none for a printer that hardly prints."""
    if not days <= FAR:  # also where it is no number
        return "beyond ten years"
    at = made + timedelta(days=days)
    return f"{at:%d %b}" if days < NEAR else f"{at:%d %b %Y}"


def reliable_forecast(asked: SignalQuery) -> SupplyForecast | None:
    """The forecast of the supply that is asked about, if one may order by it."""
    found = find_forecast(asked)
    return None if found is None or found.p50 <= 0.0 or found.basis == ASSUMED else found


def find_forecast(asked: SignalQuery) -> SupplyForecast | None:
    """The forecast of the supply; None where there is none."""
    supply = asked.subject.supply
    if supply is None or asked.facts.supplies is None:
        return None
    return asked.facts.foresight.supplies.get(supply.index)
