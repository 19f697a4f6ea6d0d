"""Every kind of event with its model: receivers judge by them, and the schemas are written from them."""

from collections.abc import Mapping
from types import MappingProxyType

from uplink.events.agent_health import AgentHealth
from uplink.events.base import Event
from uplink.events.device_inventory import DeviceInventory
from uplink.events.meter_read import MeterRead
from uplink.events.supply_order_hint import SupplyOrderHint
from uplink.events.ticket import Ticket

MODELS: Mapping[str, type[Event]] = MappingProxyType(
    {
        "mps.ticket/1": Ticket,
        "mps.agent_health/1": AgentHealth,
        "mps.meter_read/1": MeterRead,
        "mps.device_inventory/1": DeviceInventory,
        "mps.supply_order_hint/1": SupplyOrderHint,
    }
)
