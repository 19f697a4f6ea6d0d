"""mps.meter_read/1: one printer's counters, once a day: the first read after the site's midnight.

    1000 ─ 1040 ─ 1100   ┆ 7 ─ 60 ─ 90          raw: what the printer says
    1000   1040   1100   ┆ 1100  1153  1183     adjusted: never falls; what was printed is its difference
        epoch 1         border   epoch 2

An invoice is the difference of two `counters` of the same name. A border between the two reads says why the
raw value does not tell the same: what is not certain was not counted, and somebody may want to look at it.
"""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Device, Event, Name, Record, Text, Time, Trust

Why = Literal["swap", "wrap", "glitch", "nvram", "fell", "jumped"]


class Counter(Record):
    """One counter as it stands."""

    name: Name = Field(examples=["total"])
    part: Text | None = Field(default=None, description="The marker or function, where a meter has several.")
    unit: Name = Field(examples=["impressions"])
    source: Text = Field(description='Where it comes from: an OID, or "ipp:" and an attribute.')
    read_at: Time
    raw: Count
    adjusted: Count = Field(description="Goes on over wraps, resets and exchanged boards; never falls.")
    epoch: Count = Field(description="Rises each time the counter did not just count.")
    trust: Trust
    billable: bool = Field(description="Measured, or carried over a border with a known offset.")


class Border(Record):
    """Where a counter did not just count, since the last read that was told."""

    name: Name
    part: Text | None = None
    source: Text
    epoch: Count = Field(description="The one that began here.")
    at: Time
    why: Why
    before: Count | None = Field(default=None, description="Its last raw value.")
    first: Count = Field(description="The first raw value of the new epoch.")
    gap: Count = Field(description="Pages in between that are certain, and counted.")


class Chain(Record):
    """The hash chain of this printer's reads, as kept on site: `printwarden meters verify`."""

    reads: Count
    head: Name = Field(description="The hash of the newest read, in hex.")


class Meters(Record):
    """Counters read together. A counter that could not be read is not listed."""

    read_at: Time
    source: Text = Field(description="Where the total comes from.")
    trust: Trust = Field(description="Of the total.")
    counters: dict[str, Count] = Field(
        description="What an invoice may rest on: the adjusted value of each billable counter.",
        examples=[{"total": 407852, "colour": 97652}],
    )
    details: list[Counter] = Field(default_factory=list, description="Every counter, billable or not.")
    borders: list[Border] = Field(default_factory=list)
    chain: Chain | None = None


class MeterRead(Event):
    """One printer's counters."""

    schema_: Literal["mps.meter_read/1"] = Field(alias="schema")
    device: Device
    meters: Meters
