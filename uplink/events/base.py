"""Types that all events share: strict scalars, RFC 3339 times, the sending agent, the printer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Time = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$",
        description="RFC 3339, in UTC",
        examples=["2026-11-20T21:30:04Z"],
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=256, pattern=r"[^\x00]")]  # NUL is not kept
Text = Annotated[str, Field(max_length=2000)]


def coerce_whole(value: object) -> object:
    """Accept 2.0 as a whole number (JSON Schema Validation, 6.1.1): some languages write all numbers so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(coerce_whole)]
Count = Annotated[int, Field(ge=0), BeforeValidator(coerce_whole)]
Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(coerce_whole)]
Trust = Literal["measured", "unverified", "estimated", "stale", "offset"]


class Record(BaseModel):
    """A JSON object. A field that is not there is null; one that is not listed is ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    def to_json(self) -> dict[str, Any]:
        """Return the object as it is sent: the fields that were set, including those set to null."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    @classmethod
    def find_long_texts(cls, data: object) -> list[tuple[tuple[int | str, ...], int]]:
        """Find the texts of `data` that are longer than this type allows: (path, allowed characters)."""
        try:
            cls.model_validate(data)
        except ValidationError as why:
            found = (error for error in why.errors(include_url=False) if error["type"] == "string_too_long")
            return [(error["loc"], error["ctx"]["max_length"]) for error in found]
        return []


class Agent(Record):
    """Who sent it."""

    agent_id: Name | None = Field(default=None, description="Null before enrolment.")
    version: Name
    role: Name | None = None
    customer_id: Name | None = None
    site_id: Name | None = None
    config_hash: Name | None = None
    rules_hash: Name | None = Field(
        default=None,
        description="Fingerprint of the rules in force: equal at sites with equal rules.",
        examples=["3f0c9a1be2d47788"],
    )
    clock_offset_ms: Whole | None = Field(default=None, description="The agent's clock less the receiver's.")


class Device(Record):
    """Which printer. What is null and listed in `privacy` was removed on site."""

    device_key: Name = Field(examples=["sn:PHBLL12345"])
    serial: Text | None = None
    asset_tag: Text | None = None
    make: Text | None = None
    model: Text | None = None
    mac: Text | None = None
    ip: Text | None = None
    hostname: Text | None = Field(default=None, description="sysName, or prtGeneralPrinterName.")
    firmware: Text | None = None
    location: Text | None = None
    managed: bool | None = None
    in_service_since: Text | None = None
    segment: Text | None = None


class Privacy(Record):
    """What the site's `[egress]` took out: it is not told, which is not the same as not known."""

    removed: list[Name] = Field(default_factory=list, examples=[["device.ip"]])
    masked: list[Name] = Field(default_factory=list)


class Event(Record):
    """The payload of a CloudEvent: its `data`."""

    observed_at: Time
    agent: Agent
    privacy: Privacy | None = None
