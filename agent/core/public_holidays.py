"""Public holidays of a country and its regions, from a library that is kept up to date; no list of our own.

    find_country("DE", "BY")        the codes, or ValueError "reason | suggestion"
    PublicHolidays(…)               contains a day if it is a public holiday there, or one of the own dates

Countries are ISO 3166-1 codes, regions the part of ISO 3166-2 after the hyphen. The library is loaded when a
calendar names a country, and computes each year when it is first asked for.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from agent.core import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicHolidays(Container[date]):
    """The days on which a place is closed: holidays of its country and region, and its own dates."""

    country: str
    region: str = ""
    own: frozenset[date] = field(default_factory=frozenset)

    def __contains__(self, day: object) -> bool:
        return day in self.own or day in _load_holidays(self.country, self.region)

    def names_of(self, year: int) -> list[tuple[date, str]]:
        """List (day, name) of one year, in order; own dates have no name."""
        import holidays  # noqa: PLC0415 - heavy, and only needed where a country is named

        public = holidays.country_holidays(self.country, subdiv=self.region or None, years=year)
        named = dict.fromkeys((day for day in self.own if day.year == year), "")
        return sorted((named | dict(public)).items())


@cache
def _load_holidays(country: str, region: str) -> Container[object]:
    import holidays  # noqa: PLC0415 - heavy, and only needed where a country is named

    return holidays.country_holidays(country, subdiv=region or None)


def check_country(country: str, region: str = "") -> None:
    """Check that holidays of this country and region are known. Raises ValueError, "reason | suggestion"."""
    import holidays  # noqa: PLC0415 - heavy, and only needed where a country is named

    known = holidays.list_supported_countries()
    if country not in known:
        hint = 'write its ISO 3166 code, like "DE" or "US"'
        if country.upper() in known:
            hint = f'write it in capitals: "{country.upper()}"'
        raise ValueError(f'no holidays are known of the country "{country}" | {hint}')
    if region and region not in known[country]:
        names = known[country]
        hint = toml.suggest_word(region, names) if names else "leave region out: it has none"
        raise ValueError(f'no holidays are known of the region "{region}" of {country} | {hint}')
