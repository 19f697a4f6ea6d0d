"""What all events share: strict types, times in RFC 3339, who sent it and about which printer."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$",
        description="RFC 3339, in UTC",
        examples=["2026-11-20T21:30:04Z"],
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Text = Annotated[str, Field(max_length=2000)]
Count = Annotated[int, Field(ge=0)]
Trust = Literal["measured", "unverified", "estimated", "stale", "offset"]


class Record(BaseModel):
    """A JSON object whose listed fields are all present; others are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Agent(Record):
    """Who sent it."""

    agent_id: Name
    version: Name
    role: Name | None
    customer_id: Name | None
    site_id: Name | None
    config_hash: Name | None
    rules_hash: Name | None
    clock_offset_ms: int | None = Field(description="The agent's clock less the receiver's.")


class Device(Record):
    """Which printer. What is null and listed in `privacy` was removed on site."""

    device_key: Name = Field(examples=["sn:PHBLL12345"])
    serial: Text | None
    asset_tag: Text | None
    make: Text | None
    model: Text | None
    mac: Text | None
    ip: Text | None
    firmware: Text | None
    location: Text | None
    managed: bool | None
    in_service_since: Text | None
    segment: Text | None


class Event(Record):
    """The payload of a CloudEvent: its `data`."""

    observed_at: Time
    agent: Agent
