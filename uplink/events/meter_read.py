"""mps.meter_read/1: one printer's counters."""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Device, Event, Record, Text, Time, Trust


class Meters(Record):
    """Counters read together. A counter that could not be read is not listed."""

    read_at: Time
    source: Text = Field(description="Where the total comes from: an OID, or a protocol.")
    trust: Trust
    counters: dict[str, Count] = Field(examples=[{"total": 407852, "colour": 97652}])


class MeterRead(Event):
    """One printer's counters."""

    schema_: Literal["mps.meter_read/1"] = Field(alias="schema")
    device: Device
    meters: Meters
