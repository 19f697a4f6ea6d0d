"""The result of one poll: the rows of the Printer MIB and the snapshot that holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from agent.core.model.devices import Address, Identity, IdentityProof, PrinterUnit
from agent.core.model.supplies import Supply, Tray


class DeviceStatus(StrEnum):
    """hrDeviceStatus, 1.3.6.1.2.1.25.3.2.1.5 (RFC 2790)."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    WARNING = "warning"
    TESTING = "testing"
    DOWN = "down"


class PrinterStatus(StrEnum):
    """hrPrinterStatus, 1.3.6.1.2.1.25.3.5.1.1 (RFC 2790)."""

    OTHER = "other"
    UNKNOWN = "unknown"
    IDLE = "idle"
    PRINTING = "printing"
    WARMUP = "warmup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state triple of RFC 3805, 2.2.13.2.1: only the statuses together have a meaning."""

    device: DeviceStatus | None = None
    printer: PrinterStatus | None = None
    errors: tuple[str, ...] | None = None  # bit names of hrPrinterDetectedErrorState
    console: tuple[str, ...] = ()  # prtConsoleDisplayBufferText, one per line

    @property
    def is_asleep(self) -> bool:
        """Running but "other": standby or power save, not trouble."""
        return self.device is DeviceStatus.RUNNING and self.printer is PrinterStatus.OTHER


class AlertKind(StrEnum):
    """The kind of an alert row, from the view of a service desk."""

    CONDITION = "condition"  # true while the row exists (binary change)
    EVENT = "event"  # happened at some time; its absence says nothing (unary warning)
    STATE = "state"  # a permanent row of a healthy printer: asleep, warming up, ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One row of prtAlertTable, 1.3.6.1.2.1.43.18.1."""

    index: int
    code: int | None = None
    name: str = "unknown"  # label of PrtAlertCodeTC
    group: str | None = None  # label of PrtAlertGroupTC
    group_index: int | None = None  # -1: not applicable
    location: int | None = None  # vendor-defined; -2: unknown
    severity: str | None = None
    training: str | None = None
    text: str = ""
    ticks: int | None = None  # prtAlertTime: sysUpTime when raised, 1/100 s
    kind: AlertKind = AlertKind.CONDITION
    unit: int | None = None  # hrDeviceIndex: which printer of a print server
    low_confidence: bool = False  # named after PWG 5107.3 drafts: no rule may rest on this code alone
    raw: str | None = None  # hex of the text's bytes, where they are not plain ASCII


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """One row of prtCoverTable, 1.3.6.1.2.1.43.6.1."""

    index: str
    description: str = ""
    state: str | None = None  # "open", "closed", "interlock open", "interlock closed", other, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One row of prtMarkerTable, 1.3.6.1.2.1.43.10.2.1: what puts marks on the paper."""

    index: str
    technology: str | None = None  # label of PrtMarkerMarkTechTC
    unit: str | None = None  # label of PrtMarkerCounterUnitTC
    life: int | None = None  # prtMarkerLifeCount
    power_on: int | None = None  # prtMarkerPowerOnCount: a fall is a restart
    status: int | None = None  # PrtSubUnitStatusTC


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPath:
    """One row of prtMediaPathTable, 1.3.6.1.2.1.43.13.4.1: a way of the paper through the printer."""

    index: str
    type: str | None = None  # "simplex", "longEdgeBindingDuplex", …
    description: str = ""
    status: int | None = None  # PrtSubUnitStatusTC
    speed: int | None = None  # prtMediaPathMaxSpeed, where its unit is impressions or sheets an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One row of prtConsoleLightTable, 1.3.6.1.2.1.43.17.6.1."""

    index: str
    description: str = ""
    colour: str | None = None
    state: str | None = None  # "on", "off", "flashing"


class Trust(StrEnum):
    """The reliability of a meter."""

    MEASURED = "measured"
    UNVERIFIED = "unverified"  # from a vendor OID that no second source confirms
    ESTIMATED = "estimated"
    STALE = "stale"
    OFFSET = "offset"


GAUGE_METERS = frozenset({"remaining", "pages_left", "state", "used"})
"""Names of meters that rise and fall, as levels of a part do: no counters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One counter: (metric, part, value, unit), with its source and its reliability."""

    name: str  # "total", "mono", "colour", "a3", "copy", "scan", …
    value: int
    unit: str = "impressions"
    part: str | None = None  # a marker row or function where the metric has parts
    source: str = ""  # OID, "OID#record", or "ipp:attribute-name"
    trust: Trust = Trust.MEASURED
    confidence: str | None = None  # of a vendor's row: "A", "B" or "C"; None: the standard has it

    @property
    def is_counter(self) -> bool:
        """True if it only rises, except for a reset."""
        return self.name not in GAUGE_METERS

    @property
    def billable(self) -> bool:
        """True if it may be invoiced: measured, or continued over a reset with a known offset."""
        return self.is_counter and self.trust in {Trust.MEASURED, Trust.OFFSET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The result of one poll of one printer. A part that was not asked for or not answered is None.

    `reachable` is False without any answer: then every part is None, and no conclusion about supplies or
    alerts may be drawn from it.
    """

    address: Address
    at: float
    via: str = "snmp"  # "ipp", or "snmp+ipp" where both answered
    certificate: str | None = None  # SHA-256 in hex of the one it showed to IPP over TLS
    certificate_until: float | None = None  # when that one ends, as it says itself
    reachable: bool = True
    uptime: int | None = None  # sysUpTime, 1/100 s; often the network card's clock
    identity: Identity | None = None
    proof: IdentityProof | None = None  # of `identity`, for the polls that follow
    status: Status | None = None
    alerts: tuple[Alert, ...] | None = None
    critical_events: int | None = None  # prtAlertCriticalEvents since power-up
    all_events: int | None = None  # prtAlertAllEvents since power-up
    config_changes: int | None = None  # prtGeneralConfigChanges
    supplies: tuple[Supply, ...] | None = None
    inputs: tuple[Tray, ...] | None = None
    outputs: tuple[Tray, ...] | None = None
    covers: tuple[Cover, ...] | None = None
    meters: tuple[Meter, ...] | None = None
    markers: tuple[Marker, ...] | None = None
    media_paths: tuple[MediaPath, ...] | None = None
    lights: tuple[Light, ...] | None = None
    units: tuple[int, ...] = ()  # hrDeviceIndex of each printer found; a print server may have several
    printers: tuple[PrinterUnit, ...] | None = (
        None  # identity of each of several units; empty where there is one only
    )
    charset: int | None = None  # MIBenum that the localized texts are declared to be in
    problems: tuple[str, ...] = ()  # reading errors, one sentence each
    sources: Mapping[str, str] = field(default_factory=dict)  # "supplies.1.1.level" -> OID


class Tier(StrEnum):
    """A group of questions of a poll; each has a cadence of its own in `[schedule]`."""

    ALERTS = "alerts"  # status and alerts: small and often
    SUPPLIES = "supplies"  # supplies and trays
    METERS = "meters"
    INVENTORY = "inventory"  # identity and the tables that hardly ever change


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedIdentity:
    """Facts of an earlier snapshot that the next poll of the same printer need not ask again.

    The identity is valid only as long as prtGeneralConfigChanges stands where it stood.
    """

    units: tuple[int, ...] = ()
    charset: int | None = None
    config_changes: int | None = None
    identity: Identity | None = None
    proof: IdentityProof | None = None

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Self:
        """Extract the facts from `snapshot`."""
        return cls(
            units=snapshot.units,
            charset=snapshot.charset,
            config_changes=snapshot.config_changes,
            identity=snapshot.identity,
            proof=snapshot.proof,
        )
