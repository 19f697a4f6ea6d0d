"""The vocabulary of the agent: frozen records, and vagueness as a type.

A record holds what a printer reported, in the words of the Printer MIB (RFC 3805) and the Host
Resources MIB (RFC 2790). `None` means "not read or not there"; a `Vague` member means "the
printer answered, but without a number". Neither is ever turned into a number.

Times are seconds since 1970-01-01 UTC as `float`, called `at`. Names of enumeration members are
the labels of the MIB texts, so that they can be looked up there.

The files follow a reading through the stages, and each imports only those above it:

    amounts        levels and capacities, where a printer may answer without a number
    credentials    how a printer is asked
    devices        addresses, announcements, identities, inventory records
    supplies       supplies and trays: rows with a level
    readings       the snapshot of one poll
    forecasts      when supplies run out and parts wear
    facts          the input of the rules
    rule_changes   the conclusions of the rules, and the steps of a ticket
"""

from agent.core.model.amounts import (
    AVAILABILITY,
    Amount,
    Vague,
    compute_percent,
    decode_availability,
    find_vagueness,
    resolve_capacity,
)
from agent.core.model.credentials import Credential, SecurityLevel
from agent.core.model.devices import (
    Address,
    Announcement,
    Device,
    Identity,
    IdentityProof,
    IppPlace,
    PrinterUnit,
    Sighting,
)
from agent.core.model.facts import DeviceEvent, Episode, Facts, RecentHistory, SiteFacts
from agent.core.model.forecasts import Forecasts, PartForecast, SupplyForecast
from agent.core.model.readings import (
    GAUGE_METERS,
    Alert,
    AlertKind,
    CachedIdentity,
    Cover,
    DeviceStatus,
    Light,
    Marker,
    MediaPath,
    Meter,
    PrinterStatus,
    Snapshot,
    Status,
    Tier,
    Trust,
)
from agent.core.model.rule_changes import Change, ChangeKind, GroupingPolicy, Impact, TicketEvent
from agent.core.model.supplies import RECEPTACLE_TYPES, Supply, Tray, name_colours

__all__ = [
    "AVAILABILITY",
    "GAUGE_METERS",
    "RECEPTACLE_TYPES",
    "Address",
    "Alert",
    "AlertKind",
    "Amount",
    "Announcement",
    "CachedIdentity",
    "Change",
    "ChangeKind",
    "Cover",
    "Credential",
    "Device",
    "DeviceEvent",
    "DeviceStatus",
    "Episode",
    "Facts",
    "Forecasts",
    "GroupingPolicy",
    "Identity",
    "IdentityProof",
    "Impact",
    "IppPlace",
    "Light",
    "Marker",
    "MediaPath",
    "Meter",
    "PartForecast",
    "PrinterStatus",
    "PrinterUnit",
    "RecentHistory",
    "SecurityLevel",
    "Sighting",
    "SiteFacts",
    "Snapshot",
    "Status",
    "Supply",
    "SupplyForecast",
    "TicketEvent",
    "Tier",
    "Tray",
    "Trust",
    "Vague",
    "compute_percent",
    "decode_availability",
    "find_vagueness",
    "name_colours",
    "resolve_capacity",
]
