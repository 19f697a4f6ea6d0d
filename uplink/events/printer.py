"""How a printer stood when a ticket about it was told: the part of `mps.ticket/1` for the technician."""

from pydantic import Field

from uplink.events.base import Count, Name, Percent, Record, Text, Time, Whole


class Alert(Record):
    """A row of prtAlertTable (RFC 3805) that stood open."""

    name: Name | None = Field(default=None, description="PrtAlertCodeTC, as labelled there.")
    code: Whole | None = None
    group: Name | None = Field(default=None, description="PrtAlertGroupTC, as labelled there.")
    group_index: Whole | None = None
    location: Whole | None = None
    severity: Name | None = None
    training: Name | None = Field(default=None, description="PrtAlertTrainingLevelTC, as labelled there.")
    text: Text = Field(description="The printer's own words.")
    since: Time


class Trouble(Record):
    """What happened within the last seven days, how often, and when last."""

    name: Name | None = None
    group: Name | None = None
    group_index: Whole | None = None
    text: Text
    times: Count
    last: Time


class Days(Record):
    """An estimate: the share of cartridges that is empty by then is 10, 50 and 90 %."""

    p10: float = Field(ge=0)
    p50: float = Field(ge=0)
    p90: float = Field(ge=0)


class Supply(Record):
    """One supply. `percent` is null where the printer gives no number; `vague` then says what it gave."""

    type: Name | None = Field(default=None, description="PrtMarkerSuppliesTypeTC, as labelled there.")
    colour: Name | None = None
    description: Text = ""
    percent: Percent | None = None
    vague: Name | None = Field(default=None, examples=["some_left"])
    part_number: Text | None = None
    serial: Text | None = None
    days_left: Days | None = None


class Replaced(Record):
    """A supply that was replaced within the last 30 days."""

    supply: Text
    at: Time


class Printer(Record):
    """The printer as it was read last. What it did not say is null or empty."""

    read_at: Time | None = Field(default=None, description="Its last answer.")
    device_status: Name | None = Field(default=None, description="hrDeviceStatus (RFC 2790).")
    printer_status: Name | None = Field(default=None, description="hrPrinterStatus (RFC 2790).")
    errors: list[Name] = Field(
        default_factory=list, description="Bits of hrPrinterDetectedErrorState (RFC 2790)."
    )
    console: list[Text] = Field(default_factory=list, description="The lines of its display.")
    alerts: list[Alert] = Field(default_factory=list)
    troubles: list[Trouble] = Field(default_factory=list)
    supplies: list[Supply] = Field(default_factory=list)
    replaced: list[Replaced] = Field(default_factory=list)
    pages: Count | None = Field(default=None, description="The total meter, as it was read.")
    pages_a_day: float | None = Field(default=None, ge=0)
    restarts_24h: Count = 0
