"""mps.meter_read/1: one printer's counters, once a day: the first read after the site's midnight.

    1000 ─ 1040 ─ 1100   ┆ 7 ─ 60 ─ 90          raw: what the printer says
    1000   1040   1100   ┆ 1100  1153  1183     adjusted: never falls; what was printed is its difference
        epoch 1         border   epoch 2

An invoice is the difference of two `counters` of the same name. A border between the two reads says why the
raw value does not tell the same: what is not certain was not counted, and somebody may want to look at it.
"""

from typing import Literal

from pydantic import Field

from uplink.events.base import SCHEMA_NAME, Count, Device, Event, Name, Record, Text, Time, Trust

Why = Literal["swap", "wrap", "glitch", "nvram", "fell", "jumped", "moved", "displaced"]
SumName = Literal["total", "mono", "colour", "large"]
Reason = Literal["absent", "in_doubt", "unverified", "stale"]
METER_WORDS = (
    "total: all pages. mono, colour, single_colour, two_colour: by the colours used. a3: A3 and larger, "
    "counted in total and in its colour, too. print, copy, fax: by function. life: what the engine did, the "
    "same pages as total. duplex, simplex, sheets, scan, feeder, jams: added to nothing."
)
PART_WORDS = (
    "Null: the whole meter. print, copy, fax, list, other: one function; these add up to the meter. mono, "
    'colour: of a3. A number like "1.1": one marker. Others are the maker\'s own, and add to nothing.'
)


class Counter(Record):
    """One counter as it stands."""

    name: Name = Field(examples=["total"], description=METER_WORDS)
    part: Text | None = Field(default=None, description=PART_WORDS)
    unit: Name = Field(
        description="What one count is: impressions, images, sheets, feet, times, a4.",
        examples=["impressions"],
    )
    source: Text = Field(description='Where it comes from: an OID, or "ipp:" and an attribute.')
    read_at: Time = Field(description="When this counter was read: RFC 3339, in UTC.")
    raw: Count = Field(description="As the printer counts.")
    adjusted: Count = Field(description="Goes on over wraps, resets and exchanged boards; never falls.")
    epoch: Count = Field(description="Rises each time the counter did not just count.")
    trust: Trust
    billable: bool = Field(
        description="Measured, or carried over a border with a known offset. False while billing is on hold: "
        "the counter fell or jumped, and has not counted on for a day (trust: estimated)."
    )


class Border(Record):
    """Where a counter did not just count, or its printer changed its place, since the last read."""

    name: Name = Field(description="The counter: name, part and source as in `details`.")
    part: Text | None = Field(default=None, description="See `details`.")
    source: Text = Field(description="See `details`.")
    epoch: Count = Field(description="The one that began here.")
    at: Time = Field(description="When the new epoch was read first: RFC 3339, in UTC.")
    why: Why = Field(
        description="swap: another network board. wrap: it was near its end, and began again. glitch: it had "
        "fallen or jumped, and is back. nvram: it fell by ten pages at most, power was lost before they were "
        "saved. fell: any other fall, a new board or a cleared memory. jumped: faster than it can print. "
        "moved: the printer answers at another address. displaced: another printer answers at its address, "
        "and this is its last read there. With moved and displaced, which are told of the total alone, the "
        "count goes on: first is before, and gap 0."
    )
    before: Count | None = Field(default=None, description="Its last raw value.")
    first: Count = Field(description="The first raw value of the new epoch.")
    gap: Count = Field(description="Pages in between that are certain, and counted.")


class Chain(Record):
    """The hash chain of this printer's reads, as kept on site: `printwarden meters verify`."""

    reads: Count = Field(description="The number of links up to this read.")
    head: Name = Field(description="The hash of this read, in hex.")
    previous: Name | None = Field(
        default=None,
        description="The head of the read before, in hex: the hash of this read is computed from it.",
    )
    version: Count | None = Field(
        default=None, description="How it is hashed: docs/provider.md has version 2."
    )


class Sum(Record):
    """A sum that an invoice is made of: the same pages under one name, whatever the maker counts."""

    name: SumName = Field(
        description="total = mono + colour where both are there; large (A3 and larger) is part of them."
    )
    value: Count | None = Field(
        default=None,
        description="Like `adjusted`, it never falls; an invoice is a difference. Null: see reason.",
    )
    reason: Reason | None = Field(
        default=None,
        description="Why the value is null. absent: the printer has no such counter. in_doubt: a counter "
        "fell or jumped, and billing is on hold until it has counted on for a day. unverified: from one "
        "source that no second one confirms. stale: not read for two days.",
    )
    sources: list[Text] = Field(
        default_factory=list, description="The `source` of the details that were added up."
    )


class Meters(Record):
    """Counters read together. A counter that could not be read is not listed."""

    read_at: Time = Field(description="When it was read: RFC 3339, in UTC.")
    source: Text = Field(description="Where the total comes from.")
    trust: Trust
    counters: dict[str, Count] = Field(
        description="What an invoice may rest on: total, mono, colour and large (see `sums`) as far as they "
        "are known now, and the adjusted value of each other billable counter.",
        examples=[{"total": 407852, "mono": 310200, "colour": 97652, "large": 1204}],
    )
    sums: list[Sum] = Field(
        default_factory=list,
        description="total, mono, colour and large, each with its value or why it is null.",
    )
    day: Name | None = Field(
        default=None, description="The site's local day of this read.", examples=["2026-11-21"]
    )
    time_zone: Name | None = Field(
        default=None,
        description="Of that day: an IANA name, or the offset from UTC at this read.",
        examples=["Europe/Berlin", "+01:00"],
    )
    details: list[Counter] = Field(default_factory=list, description="Every counter, billable or not.")
    borders: list[Border] = Field(
        default_factory=list, description="Since the last read that was sent: look before you bill."
    )
    chain: Chain | None = Field(default=None, description="The link of this read.")


class MeterRead(Event):
    """One printer's counters."""

    schema_: Literal["mps.meter_read/1"] = Field(alias="schema", description=SCHEMA_NAME)
    device: Device = Field(description="Which printer.")
    meters: Meters = Field(description="Its counters.")
