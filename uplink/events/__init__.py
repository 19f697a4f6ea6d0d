"""The published contract: JSON Schemas of every event, and the OpenAPI description.

    schema                  what                                             lane
    mps.ticket/1            one step in the life of a ticket                 0
    mps.meter_read/1        one printer's counters, once a day               0
    mps.agent_health/1      heartbeat: what the agent knows of itself        1
    mps.device_inventory/1  what a printer is and what is fitted, on change  1
    mps.supply_order_hint/1 a supply at a new stage on its way to empty      2
    mps.feedback/1          what the desk says of a ticket; the agent pulls it

The CloudEvents `type` is the schema's name. `*.json` here are written from the models by
`python -m uplink.events`, and a test fails when they differ.

The number after the slash rises when a field changes its meaning or goes away. What is unknown is null;
a receiver takes a missing field for null, and ignores fields it does not know. A sender's tests do not:
`check` finds the misspelt ones.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uplink.events.catalogue import MODELS as MODELS
else:

    def __getattr__(name: str) -> Any:
        """MODELS, when somebody asks for it: an agent speaks of one kind at a time, and never judges them."""
        if name != "MODELS":
            raise AttributeError(name)
        from uplink.events.catalogue import MODELS  # noqa: PLC0415

        return MODELS


def check(kind: str, data: Mapping[str, object]) -> None:
    """Raises ValueError, with every reason, unless `data` follows `kind` and has no field beyond it."""
    from uplink.events.catalogue import MODELS  # noqa: PLC0415 - see above

    MODELS[kind].model_validate(data, extra="forbid")
