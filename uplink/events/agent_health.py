"""mps.agent_health/1: the heartbeat."""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Event, Record, Time


class Devices(Record):
    """The fleet in numbers."""

    known: Count
    unreachable: Count


class Outbox(Record):
    """What has not left yet, as it was when this was written."""

    pending: dict[str, Count] = Field(description="Events waiting, by lane.", examples=[{"0": 2, "2": 1400}])
    dead: Count = Field(description="Events in the dead letter.")
    dropped: dict[str, Count] = Field(description="Events dropped by a written rule, by reason.")


class AgentHealth(Event):
    """What the agent knows of itself."""

    schema_: Literal["mps.agent_health/1"] = Field(alias="schema")
    started_at: Time
    devices: Devices
    outbox: Outbox
