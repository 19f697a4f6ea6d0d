"""How a printer stood when a ticket about it was told: the part of `mps.ticket/1` for the technician."""

from pydantic import Field

from uplink.events.base import Count, Name, Percent, Record, Text, Time, Whole


class Alert(Record):
    """A row of prtAlertTable (RFC 3805) that stood open."""

    name: Name | None = Field(default=None, description="PrtAlertCodeTC, as labelled there.")
    code: Whole | None = Field(default=None, description="prtAlertCode.")
    group: Name | None = Field(default=None, description="PrtAlertGroupTC, as labelled there.")
    group_index: Whole | None = Field(default=None, description="prtAlertGroupIndex.")
    location: Whole | None = Field(default=None, description="prtAlertLocation.")
    severity: Name | None = Field(default=None, description="PrtAlertSeverityLevelTC, as labelled there.")
    training: Name | None = Field(default=None, description="PrtAlertTrainingLevelTC, as labelled there.")
    text: Text = Field(description="The printer's own words.")
    since: Time = Field(description="When it was first seen: RFC 3339, in UTC.")


class Trouble(Record):
    """What happened within the last seven days, how often, and when last."""

    name: Name | None = Field(default=None, description="PrtAlertCodeTC, as labelled there.")
    group: Name | None = Field(default=None, description="PrtAlertGroupTC, as labelled there.")
    group_index: Whole | None = Field(default=None, description="prtAlertGroupIndex.")
    text: Text = Field(description="The printer's own words.")
    times: Count = Field(description="How often within seven days.")
    last: Time = Field(description="When it began last: RFC 3339, in UTC.")


class Days(Record):
    """An estimate: the share of cartridges that is empty by then is 10, 50 and 90 %."""

    p10: float = Field(ge=0, description="Days; one in ten is empty by then.")
    p50: float = Field(ge=0, description="Days; half of them are.")
    p90: float = Field(ge=0, description="Days; nine in ten are.")


class Supply(Record):
    """One supply. `percent` is null where the printer gives no number; `vague` then says what it gave."""

    type: Name | None = Field(default=None, description="PrtMarkerSuppliesTypeTC, as labelled there.")
    colour: Name | None = Field(
        default=None, description="black, cyan, magenta, yellow, or the printer's word."
    )
    description: Text = Field(default="", description="prtMarkerSuppliesDescription.")
    percent: Percent | None = Field(default=None, description="What is left.")
    vague: Name | None = Field(
        default=None,
        description="some_left: not empty. low: by its own code. unknown: no number. other: not restricted.",
        examples=["some_left"],
    )
    part_number: Text | None = Field(default=None, description="The maker's number to order it by.")
    serial: Text | None = Field(default=None, description="Of the cartridge, where the printer gives it.")
    source: Text | None = Field(
        default=None,
        description='Where the level is from: an OID, "OID#record" (a maker\'s), or "ipp:attribute".',
        examples=["1.3.6.1.2.1.43.11.1.1.9.1.1"],
    )
    days_left: Days | None = Field(default=None, description="Until it is empty; null without a forecast.")


class Replaced(Record):
    """A supply that was replaced within the last 30 days."""

    supply: Text = Field(description="Its type and colour.")
    at: Time = Field(description="When: RFC 3339, in UTC.")


class Printer(Record):
    """The printer as it was read last. What it did not say is null or empty."""

    read_at: Time | None = Field(default=None, description="Its last answer.")
    device_status: Name | None = Field(default=None, description="hrDeviceStatus (RFC 2790).")
    printer_status: Name | None = Field(default=None, description="hrPrinterStatus (RFC 2790).")
    errors: list[Name] = Field(
        default_factory=list, description="Bits of hrPrinterDetectedErrorState (RFC 2790)."
    )
    console: list[Text] = Field(default_factory=list, description="The lines of its display.")
    alerts: list[Alert] = Field(default_factory=list, description="Alerts that stood open.")
    troubles: list[Trouble] = Field(default_factory=list, description="Alerts of the last seven days.")
    supplies: list[Supply] = Field(default_factory=list, description="Its supplies.")
    replaced: list[Replaced] = Field(default_factory=list, description="What was replaced within 30 days.")
    pages: Count | None = Field(default=None, description="The total meter, as it was read.")
    pages_a_day: float | None = Field(
        default=None, ge=0, description="Its mean pace lately; null until it is known."
    )
    restarts_24h: Count = Field(default=0, description="How often it restarted within 24 hours.")
