"""Parts that several events share, each mapped from its record in one place."""

from typing import TypedDict

from agent import __version__
from agent.core.model import Alert, Device, Supply, SupplyForecast, Trust
from uplink.events import base


class SupplyArticle(TypedDict):
    """Identifies a supply for an order."""

    type: str | None
    colour: str | None
    description: str
    part_number: str | None
    serial: str | None


class SupplyLevel(TypedDict):
    """The level of a supply: a percentage, or the printer's vague word for it."""

    percent: int | None
    vague: str | None


class DaysLeft(TypedDict):
    """Days until a supply is empty: early bound, median and late bound."""

    p10: float
    p50: float
    p90: float


class AlertText(TypedDict):
    """The text of an alert and the part it is about."""

    name: str
    group: str | None
    group_index: int | None
    text: str


def build_agent(
    agent_id: str, site_id: str, clock_ahead: float | None = None, rules_hash: str = ""
) -> base.Agent:
    """Build the `agent` object; the id is null before enrolment. `clock_ahead`: seconds, or None."""
    agent = base.Agent.model_construct(agent_id=agent_id or None, version=__version__, site_id=site_id)
    more: dict[str, object] = {"rules_hash": rules_hash} if rules_hash else {}
    if clock_ahead is not None:
        more["clock_offset_ms"] = round(clock_ahead * 1000)
    return agent.model_copy(update=more)


def build_device(device: Device) -> base.Device:
    """Build the `device` object."""
    return base.Device.model_construct(
        device_key=device.key,
        serial=device.serial,
        asset_tag=None,
        make=device.vendor,
        model=device.model,
        mac=device.mac,
        ip=device.address.host or None,
        firmware=device.firmware,
        hostname=device.hostname,
        location=device.location,
    )


def map_article(supply: Supply) -> SupplyArticle:
    return {
        "type": supply.type,
        "colour": supply.colour,
        "description": supply.description,
        "part_number": supply.part_number,
        "serial": supply.serial,
    }


def map_level(supply: Supply) -> SupplyLevel:
    return {"percent": supply.percent, "vague": supply.vagueness.value if supply.vagueness else None}


def map_days_left(outlook: SupplyForecast) -> DaysLeft:
    """Map a forecast; days are rounded to a tenth and never negative."""
    p10, p50, p90 = (round(max(0.0, days), 1) for days in (outlook.p10, outlook.p50, outlook.p90))
    return {"p10": p10, "p50": p50, "p90": p90}


def map_alert(alert: Alert) -> AlertText:
    return {"name": alert.name, "group": alert.group, "group_index": alert.group_index, "text": alert.text}


def map_trust(trust: Trust) -> base.Trust:
    return trust.value
