"""mps.device_inventory/1: which printer this is and what is fitted in it; told when that changes."""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Device, Event, Name, Record, Text, Time

Reason = Literal["new", "changed"]


class Fitted(Record):
    """A supply as it is fitted; how full it is, is told elsewhere."""

    index: Name = Field(description="hrDeviceIndex and prtMarkerSuppliesIndex.", examples=["1.3"])
    type: Name | None = Field(default=None, description="PrtMarkerSuppliesTypeTC, as labelled there.")
    colour: Name | None = None
    description: Text = ""
    part_number: Text | None = None
    serial: Text | None = None


class Tray(Record):
    """A tray, or an output bin."""

    index: Name
    name: Text = ""
    type: Name | None = Field(
        default=None, description="PrtInputTypeTC or PrtOutputTypeTC, as labelled there."
    )
    capacity: Count | None = Field(
        default=None, description="In its own unit; null where it gives no number."
    )


class Inventory(Record):
    """What was read. A part that could not be read is null; one that is not there is an empty list."""

    uuid: Text | None = None
    first_seen: Time | None = None
    proof: Name | None = Field(
        default=None,
        description="The proof in each reading that it is of this printer: serial, mac, uuid or unproved.",
        examples=["serial"],
    )
    replaces: Name | None = Field(
        default=None, description="device_key of the printer that stood here before: it was exchanged."
    )
    moved_from: Text | None = Field(default=None, description="The address at which it answered before.")
    description: Text | None = Field(default=None, description="sysDescr.")
    object_id: Text | None = Field(default=None, description="sysObjectID.")
    technologies: list[Name] | None = Field(default=None, description="PrtMarkerMarkTechTC of its markers.")
    supplies: list[Fitted] | None = None
    inputs: list[Tray] | None = None
    outputs: list[Tray] | None = None


class DeviceInventory(Event):
    """One printer, whole: the newest of a `device_key` stands."""

    schema_: Literal["mps.device_inventory/1"] = Field(alias="schema")
    reason: Reason
    device: Device
    inventory: Inventory
