"""The published contract: JSON Schemas of every event, and the OpenAPI description.

    schema                  content                                          lane
    mps.ticket/1            one step in the life of a ticket                 0
    mps.meter_read/1        one printer's counters, once a day               0
    mps.agent_health/1      heartbeat: the agent's own state                 1
    mps.device_inventory/1  a printer's identity and fitted parts, on change 1
    mps.supply_order_hint/1 a supply at a new stage on its way to empty      2
    mps.feedback/1          the desk's answer to a ticket; the agent pulls it

The CloudEvents `type` is the schema's name. `*.json` here are written from the models by
`python -m uplink.events`, and a test fails when they differ.

The number after the slash rises when a field changes its meaning or goes away. What is unknown is null;
a receiver takes a missing field for null, and ignores fields it does not know. A sender's tests do not:
`check` finds the misspelt ones.
"""

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
"""The model of each event type: agents build with it, receivers validate with it, its schema is generated."""


def check_event(kind: str, data: Mapping[str, object]) -> None:
    """Check that `data` follows `kind` and has no further fields. Raises ValueError with every reason."""
    MODELS[kind].model_validate(data, extra="forbid")
