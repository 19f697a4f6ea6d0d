"""mps.supply_order_hint/1: how far a supply is on its way to empty; told once a stage, and when replaced.

    full ──► half ──► low ──► soon ──► empty          replaced ──► full, and so on

It is no order and no ticket: rules raise those. It is what a provider plans its stock and its deliveries by.
"""

from typing import Literal

from pydantic import Field

from uplink.events.base import SCHEMA_NAME, Device, Event, Name, Percent, Record, Text, Time

Reason = Literal["stage", "replaced"]
Stage = Literal["full", "half", "low", "soon", "empty"]


class Days(Record):
    """An estimate: the share of cartridges that is empty by then is 10, 50 and 90 %."""

    p10: float = Field(ge=0, description="Days; one in ten is empty by then.")
    p50: float = Field(ge=0, description="Days; half of them are.")
    p90: float = Field(ge=0, description="Days; nine in ten are.")
    basis: Name = Field(
        description="measured: by its own levels. coarse: they come in large steps. learned: by cartridges "
        "before it. assumed: by what is usual."
    )


class Supply(Record):
    """One supply. `percent` is null where the printer gives no number; `vague` then says what it gave."""

    index: Name = Field(description="hrDeviceIndex and prtMarkerSuppliesIndex.", examples=["1.3"])
    type: Name | None = Field(default=None, description="PrtMarkerSuppliesTypeTC, as labelled there.")
    colour: Name | None = Field(
        default=None, description="black, cyan, magenta, yellow, or the printer's word."
    )
    description: Text = Field(default="", description="prtMarkerSuppliesDescription.")
    part_number: Text | None = Field(default=None, description="The maker's number to order it by.")
    serial: Text | None = Field(default=None, description="Of the cartridge.")
    percent: Percent | None = Field(default=None, description="What is left.")
    vague: Name | None = Field(
        default=None,
        description="some_left: not empty. low: by its own code. unknown: no number. other: not restricted.",
        examples=["some_left"],
    )
    days_left: Days | None = Field(default=None, description="Until it is empty; null without a forecast.")
    replaced_at: Time | None = Field(default=None, description="When it was put in, if that was seen.")


class SupplyOrderHint(Event):
    """One supply at a new stage; the newest of a printer and supply stands."""

    schema_: Literal["mps.supply_order_hint/1"] = Field(alias="schema", description=SCHEMA_NAME)
    reason: Reason = Field(description="stage: it is at a new stage. replaced: another one was put in.")
    stage: Stage = Field(
        description="Whichever comes first, by level or by the early bound of the days left. half: 50 % or "
        "60 days. low: 25 % or 30 days. soon: 10 % or 10 days. empty: 0 %. full: none of these, after a "
        "replacement."
    )
    device: Device = Field(description="The printer that it is in.")
    supply: Supply = Field(description="The supply.")
