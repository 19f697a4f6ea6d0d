"""The grammar of single values in `config.toml`: networks, hosts, MACs, durations with a unit.

Each parser raises ValueError with what is wrong and, after " | ", what to write instead.
"""

import ipaddress
from collections.abc import Callable
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from agent.core import calendars, units

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

MIN_CADENCE = 10.0


def text_validator(parse: Callable[[str], T]) -> BeforeValidator:
    def parse_text(value: object) -> object:
        return parse(value) if isinstance(value, str) else value

    return BeforeValidator(parse_text)


def _parse_network(text: str) -> IpNetwork:
    try:
        return ipaddress.ip_network(text)
    except ValueError as why:
        if "host bits" in str(why):
            fitting = ipaddress.ip_network(text, strict=False)
            raise ValueError(f'"{text}" has host bits set | did you mean "{fitting}"?') from None
        raise ValueError(f'"{text}" is not a network | write one like "192.168.10.0/24"') from None


def _parse_mac(text: str) -> str:
    digits = text.lower().replace(":", "").replace("-", "").replace(".", "")
    if len(digits) != 12 or any(digit not in "0123456789abcdef" for digit in digits):
        raise ValueError(f'"{text}" is not a MAC address | write one like "00:11:22:33:44:55"')
    return digits


def _parse_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f'"{text}" is not an IP address | write one like "192.168.10.20"') from None


def _parse_duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f'{value} has no unit | write it with one: "{value} seconds", "{value} minutes"'
        )
    return units.parse_duration(value) if isinstance(value, str) else value


def _check_cadence(seconds: float) -> float:
    if seconds < MIN_CADENCE:
        raise ValueError("below 10 seconds is not polite to the printers | the default is a good start")
    return seconds


ConfigDuration = Annotated[float, BeforeValidator(_parse_duration)]
Cadence = Annotated[ConfigDuration, AfterValidator(_check_cadence)]
Cidr = Annotated[IpNetwork, text_validator(_parse_network)]
MacAddress = Annotated[str, text_validator(_parse_mac)]
HostAddress = Annotated[str, text_validator(_parse_host)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
TimeZone = Annotated[ZoneInfo, text_validator(calendars.load_time_zone)]
