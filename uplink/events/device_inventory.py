"""mps.device_inventory/1: which printer this is and what is fitted in it; told when that changes."""

from typing import Literal

from pydantic import Field

from uplink.events.base import SCHEMA_NAME, Count, Device, Event, Name, Record, Text, Time

Reason = Literal["new", "changed"]


class Fitted(Record):
    """A supply as it is fitted; how full it is, is told elsewhere."""

    index: Name = Field(description="hrDeviceIndex and prtMarkerSuppliesIndex.", examples=["1.3"])
    type: Name | None = Field(default=None, description="PrtMarkerSuppliesTypeTC, as labelled there.")
    colour: Name | None = Field(
        default=None, description="black, cyan, magenta, yellow, or the printer's word."
    )
    description: Text = Field(default="", description="prtMarkerSuppliesDescription.")
    part_number: Text | None = Field(default=None, description="The maker's number to order it by.")
    serial: Text | None = Field(default=None, description="Of the cartridge.")


class Tray(Record):
    """A tray, or an output bin."""

    index: Name = Field(description="hrDeviceIndex and prtInputIndex or prtOutputIndex.", examples=["1.2"])
    name: Text = Field(default="", description="prtInputName or prtOutputName.")
    type: Name | None = Field(
        default=None, description="PrtInputTypeTC or PrtOutputTypeTC, as labelled there."
    )
    capacity: Count | None = Field(
        default=None, description="In its own unit; null where it gives no number."
    )


class Inventory(Record):
    """What was read. A part that could not be read is null; one that is not there is an empty list."""

    uuid: Text | None = Field(default=None, description="printer-uuid (PWG 5100.13).")
    first_seen: Time | None = Field(default=None, description="By this agent: RFC 3339, in UTC.")
    proof: Name | None = Field(
        default=None,
        description="The proof in each reading that it is of this printer: serial, mac, uuid, engine (id of "
        "its SNMP engine) or unproved.",
        examples=["serial"],
    )
    replaces: Name | None = Field(
        default=None, description="device_key of the printer that stood here before: it was exchanged."
    )
    moved_from: Text | None = Field(default=None, description="The address at which it answered before.")
    displaced_by: Name | None = Field(
        default=None,
        description="device_key of the printer that answers at this one's last address: this one was "
        "exchanged, or has moved and is not found yet. Null again once it is.",
    )
    description: Text | None = Field(default=None, description="sysDescr.")
    object_id: Text | None = Field(default=None, description="sysObjectID.")
    technologies: list[Name] | None = Field(default=None, description="PrtMarkerMarkTechTC of its markers.")
    supplies: list[Fitted] | None = Field(default=None, description="The supplies that are fitted.")
    inputs: list[Tray] | None = Field(default=None, description="Trays (prtInputTable).")
    outputs: list[Tray] | None = Field(default=None, description="Output bins (prtOutputTable).")


class DeviceInventory(Event):
    """One printer, whole: the newest of a `device_key` stands."""

    schema_: Literal["mps.device_inventory/1"] = Field(alias="schema", description=SCHEMA_NAME)
    reason: Reason = Field(description="new: met for the first time. changed: something of it changed.")
    device: Device = Field(description="Which printer.")
    inventory: Inventory = Field(description="What was read of it.")
