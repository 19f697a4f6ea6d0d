"""Rows that stand in several events, each mapped from its record once."""

from typing import TypedDict

from agent import __version__
from agent.core.model import Alert, Device, Supply, SupplyForecast, Trust
from uplink.events import base


class SupplyArticle(TypedDict):
    """What a supply is, as one would order it."""

    type: str | None
    colour: str | None
    description: str
    part_number: str | None
    serial: str | None


class SupplyLevel(TypedDict):
    """How full it is; where that is no number, what the printer says instead."""

    percent: int | None
    vague: str | None


class DaysLeft(TypedDict):
    """When it will be empty: the early bound, the median and the late bound."""

    p10: float
    p50: float
    p90: float


class AlertText(TypedDict):
    """What an alert says, and of which part."""

    name: str
    group: str | None
    group_index: int | None
    text: str


def build_agent(agent_id: str, site_id: str, clock_ahead: float | None = None) -> base.Agent:
    """Who sends; the id is null before enrolment. `clock_ahead`: seconds; None where not measured."""
    agent = base.Agent.model_construct(agent_id=agent_id or None, version=__version__, site_id=site_id)
    if clock_ahead is None:
        return agent
    return agent.model_copy(update={"clock_offset_ms": round(clock_ahead * 1000)})


def build_device(device: Device) -> base.Device:
    """Which printer an event is about."""
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
    """Rounded to a tenth of a day, and never negative."""
    p10, p50, p90 = (round(max(0.0, days), 1) for days in (outlook.p10, outlook.p50, outlook.p90))
    return {"p10": p10, "p50": p50, "p90": p90}


def map_alert(alert: Alert) -> AlertText:
    return {"name": alert.name, "group": alert.group, "group_index": alert.group_index, "text": alert.text}


def map_trust(trust: Trust) -> base.Trust:
    return trust.value
