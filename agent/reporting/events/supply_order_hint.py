"""mps.supply_order_hint/1: one supply at a new stage."""

from agent.core.clock import iso
from agent.core.model import Device, Outlook
from agent.reporting.events.rows import build_device, map_article, map_days_left, map_level
from agent.reporting.supply_stages import Hint
from uplink.events import supply_order_hint as wire
from uplink.events.base import Agent


def build_supply_order_hint(agent: Agent, device: Device, hint: Hint, at: float) -> wire.SupplyOrderHint:
    """The event that says which stage a supply of `device` has reached."""
    return wire.SupplyOrderHint.model_construct(
        schema_="mps.supply_order_hint/1",
        observed_at=iso(at),
        agent=agent,
        device=build_device(device),
        reason=hint.reason,
        stage=hint.stage,
        supply=_build_supply(hint),
    )


def _build_supply(hint: Hint) -> wire.Supply:
    return wire.Supply.model_construct(
        index=hint.supply.index,
        **map_article(hint.supply),
        **map_level(hint.supply),
        days_left=_build_days(hint.outlook) if hint.outlook else None,
        replaced_at=iso(hint.renewed) if hint.renewed is not None else None,
    )


def _build_days(outlook: Outlook) -> wire.Days:
    return wire.Days.model_construct(**map_days_left(outlook), basis=outlook.basis)
