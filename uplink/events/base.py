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
Trust = Annotated[
    Literal["measured", "unverified", "estimated", "stale", "offset"],
    Field(
        description="measured: as the printer counts. offset: carried on over a reset or wrap, the "
        "difference is known. estimated: in doubt at a border, for pages in between are not certain; it "
        "is never billed. unverified: from one source that no second one confirms. stale: not read for two "
        "days, or late."
    ),
]
SCHEMA_NAME = "The name of this schema, which is the CloudEvents type, too."


def build_schema_uri(kind: str) -> str:
    """Build the `$id` of an event type's schema, and the `dataschema` of its events."""
    return f"urn:schema:{kind.replace('/', ':')}"


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
    version: Name = Field(description="Of Printwarden.")
    site_id: Name | None = Field(
        default=None, description="The site that it is enrolled for; before enrolment, the configured one."
    )
    rules_hash: Name | None = Field(
        default=None,
        description="Fingerprint of the rules in force: equal at sites with equal rules.",
        examples=["3f0c9a1be2d47788"],
    )
    clock_offset_ms: Whole | None = Field(default=None, description="The agent's clock less the receiver's.")


class Device(Record):
    """Which printer. What is null and listed in `privacy` was removed on site."""

    device_key: Name = Field(
        description="Names the printer at this site, by serial number, MAC, UUID or SNMP engine id: sn:, "
        "mac:, uuid:, eng:. A site as a whole is site:SITE. Opaque.",
        examples=["sn:PHBLL12345"],
    )
    serial: Text | None = Field(default=None, description="Its serial number.")
    asset_tag: Text | None = Field(
        default=None, description="The customer's own number of it; null while the agent is given none."
    )
    make: Text | None = Field(default=None, description="Its maker.")
    model: Text | None = Field(default=None, description="As the printer calls itself.")
    mac: Text | None = Field(default=None, description="The MAC address of its network board.")
    ip: Text | None = Field(default=None, description="The address at which it was read; null over USB.")
    hostname: Text | None = Field(default=None, description="sysName, or prtGeneralPrinterName.")
    firmware: Text | None = Field(default=None, description="Version of its firmware, in its own words.")
    location: Text | None = Field(default=None, description="sysLocation: where somebody said it stands.")


class Privacy(Record):
    """What the site's `[egress]` took out: it is not told, which is not the same as not known."""

    removed: list[Name] = Field(
        default_factory=list, description="Fields that are null for it.", examples=[["device.ip"]]
    )
    masked: list[Name] = Field(
        default_factory=list, description="Fields with a fingerprint instead: equal values stay equal."
    )


class Event(Record):
    """The payload of a CloudEvent: its `data`."""

    observed_at: Time = Field(description="When it happened, by the agent's clock: RFC 3339, in UTC.")
    agent: Agent = Field(description="Who sent it.")
    privacy: Privacy | None = Field(
        default=None, description="What was taken out on site; null where nothing was."
    )
