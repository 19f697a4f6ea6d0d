"""Builds mps.supply_order_hint/1 events."""

from agent.core.clock import format_iso_time
from agent.core.model import Device, SupplyForecast
from agent.reporting.events.rows import build_device, map_article, map_days_left, map_level
from agent.reporting.supply_stages import SupplyHint
from uplink.events import supply_order_hint as wire
from uplink.events.base import Agent


def build_supply_order_hint(
    agent: Agent, device: Device, hint: SupplyHint, at: float
) -> wire.SupplyOrderHint:
    """Build the event for a supply of `device` at a new stage."""
    return wire.SupplyOrderHint.model_construct(
        schema_="mps.supply_order_hint/1",
        observed_at=format_iso_time(at),
        agent=agent,
        device=build_device(device),
        reason=hint.reason,
        stage=hint.stage,
        supply=_build_supply(hint),
    )


def _build_supply(hint: SupplyHint) -> wire.Supply:
    return wire.Supply.model_construct(
        index=hint.supply.index,
        **map_article(hint.supply),
        **map_level(hint.supply),
        days_left=_build_days(hint.outlook) if hint.outlook else None,
        replaced_at=format_iso_time(hint.renewed) if hint.renewed is not None else None,
    )


def _build_days(outlook: SupplyForecast) -> wire.Days:
    return wire.Days.model_construct(**map_days_left(outlook), basis=outlook.basis)
