"""mps.supply_order_hint/1: how far a supply is on its way to empty; told once a stage, and when replaced.

    full ──► half ──► low ──► soon ──► empty          replaced ──► full, and so on

It is no order and no ticket: rules raise those. It is what a provider plans its stock and its deliveries by.
"""

from typing import Literal

from pydantic import Field

from uplink.events.base import Device, Event, Name, Percent, Record, Text, Time

Reason = Literal["stage", "replaced"]
Stage = Literal["full", "half", "low", "soon", "empty"]


class Days(Record):
    """An estimate: the share of cartridges that is empty by then is 10, 50 and 90 %."""

    p10: float = Field(ge=0)
    p50: float = Field(ge=0)
    p90: float = Field(ge=0)
    basis: Name = Field(description="measured, coarse, learned or assumed")


class Supply(Record):
    """One supply. `percent` is null where the printer gives no number; `vague` then says what it gave."""

    index: Name
    type: Name | None = Field(default=None, description="PrtMarkerSuppliesTypeTC, as labelled there.")
    colour: Name | None = None
    description: Text = ""
    part_number: Text | None = None
    serial: Text | None = None
    percent: Percent | None = None
    vague: Name | None = Field(default=None, examples=["some_left"])
    days_left: Days | None = None
    replaced_at: Time | None = Field(default=None, description="When it was put in, if that was seen.")


class SupplyOrderHint(Event):
    """One supply at a new stage; the newest of a printer and supply stands."""

    schema_: Literal["mps.supply_order_hint/1"] = Field(alias="schema")
    reason: Reason
    stage: Stage
    device: Device
    supply: Supply
    open_order_ref: Name | None = Field(default=None, description="An order that is known to be on its way.")
