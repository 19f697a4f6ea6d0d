"""The vocabulary of the house: frozen records, and vagueness as a type.

A record says what a printer said, in the words of the Printer MIB (RFC 3805) and the Host
Resources MIB (RFC 2790). `None` means "not read or not there"; a `Vague` member means "the
printer answered, but without a number". Neither is ever turned into a number.

Times are seconds since 1970-01-01 UTC as `float`, called `at`. Names of enumeration members are
the labels of the MIB texts, so that they can be looked up there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log
from statistics import NormalDist
from typing import NamedTuple, Self


class Address(NamedTuple):
    """Where a printer answers: an IP address in text form and a UDP (or TCP) port."""

    host: str
    port: int = 161

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Vague(StrEnum):
    """A level that is an answer but not a number (RFC 3805, prtMarkerSuppliesLevel and others)."""

    OTHER = "other"  # -1: no restriction on this parameter
    UNKNOWN = "unknown"  # -2
    SOME_LEFT = "some_left"  # -3: some remaining (or some room remaining), amount not known

    @classmethod
    def of(cls, raw: int) -> Self | None:
        """The meaning of -1, -2, -3, also when firmware sent them as unsigned 32-bit numbers."""
        signed = raw - (1 << 32) if raw > (1 << 32) - 4 else raw
        return {-1: cls.OTHER, -2: cls.UNKNOWN, -3: cls.SOME_LEFT}.get(signed)


Amount = int | Vague | None
"""A level or capacity: a number >= 0, a vague answer, or nothing read."""


def percent(level: Amount, largest: Amount) -> int | None:
    """100 x level / largest, rounded half up and at most 100; None where either is no number."""
    if not isinstance(level, int) or not isinstance(largest, int) or largest <= 0 or level < 0:
        return None
    return min(100, (200 * level + largest) // (2 * largest))


def vagueness(level: Amount, largest: Amount) -> Vague | None:
    """Why there is no percentage: the level's own vagueness first, then the capacity's."""
    if percent(level, largest) is not None:
        return None
    if isinstance(level, Vague):
        return level
    if isinstance(largest, Vague):
        return largest
    return Vague.UNKNOWN


def whole(largest: Amount, unit: str | None) -> Amount:
    """What 100 % is: firmware that gives levels in percent(19) may leave the capacity -1, -2 or 0."""
    return 100 if unit == "percent" and (not isinstance(largest, int) or largest <= 0) else largest


AVAILABILITY = {
    0: "idle", 1: "on request", 2: "standby", 3: "broken", 4: "active", 5: "unknown", 6: "busy",
}  # fmt: skip


def availability(status: int | None) -> str | None:
    """The lowest three bits of PrtSubUnitStatusTC (RFC 3805): 3 is unavailable because broken."""
    return None if status is None else AVAILABILITY.get(status & 7, "unknown")


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


class AlertKind(StrEnum):
    """What a row of the alert table is, as far as a service desk is concerned."""

    CONDITION = "condition"  # true while the row stands (binary change)
    EVENT = "event"  # happened at some time; its absence says nothing (unary warning)
    STATE = "state"  # a permanent row of a healthy printer: asleep, warming up, ready


class Trust(StrEnum):
    """How far a meter can be relied on."""

    MEASURED = "measured"
    UNVERIFIED = "unverified"  # from a vendor OID that no second source confirms
    ESTIMATED = "estimated"
    STALE = "stale"
    OFFSET = "offset"


class Impact(StrEnum):
    """What a fault means for the people who print; the contract turns it into a priority."""

    DEVICE_DOWN = "device_down"
    DEGRADED = "degraded"
    PREDICTED = "predicted"
    CUSTOMER_FIXABLE = "customer_fixable"
    SUPPLY = "supply"
    BILLING = "billing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a printer says of itself over mDNS, before anybody asks (Bonjour Printing 1.2.1)."""

    model: str | None = None  # ty, else the IEEE 1284 maker and model, else product
    vendor: str | None = None
    uuid: str | None = None
    mac: str | None = None  # twelve lower-case hex digits, where the maker announces it
    location: str | None = None  # note: typed by the site
    admin_url: str | None = None
    resource: str | None = None  # rp: the path for IPP
    formats: tuple[str, ...] = ()  # pdl
    colour: bool | None = None
    duplex: bool | None = None
    scans: bool | None = None
    faxes: bool | None = None
    paper_max: str | None = None  # "tabloid-A3": a hint at A3
    kinds: tuple[str, ...] = ()  # "document", "photo", "label", …
    tls: str | None = None
    login: str | None = None  # air: what it takes to print
    more: Mapping[str, str] = field(default_factory=dict)  # every other key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Something that may be a printer, seen at an address by one way of discovery."""

    address: Address
    via: str  # the discoverer's name: static, mdns, sweep
    at: float
    is_printer: bool | None = None  # None: not decided yet
    model: str | None = None
    serial: str | None = None
    mac: str | None = None
    uuid: str | None = None
    credential: str | None = None  # name of the credential that was answered
    announced: Announcement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One printer as the inventory knows it, whatever address it answers from today."""

    key: str  # "sn:PHBLL12345", "mac:001122334455" or "uuid:…"; never the address
    address: Address
    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    mac: str | None = None
    uuid: str | None = None
    firmware: str | None = None
    location: str | None = None
    credential: str | None = None
    first_seen: float = 0.0
    last_seen: float = 0.0
    tags: tuple[str, ...] = ()  # the provider's own words for it, from its asset list
    contract: str | None = None  # id of the contract that it is under

    @property
    def name(self) -> str:
        """What a person calls it: "Kyocera ECOSYS P2040dw (VHB8912345)"."""
        called = " ".join(part for part in (self.vendor, self.model) if part) or "printer"
        return f"{called} ({self.serial or self.address.host})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the printer says it is."""

    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    mac: str | None = None  # twelve lower-case hex digits
    uuid: str | None = None
    is_printer: bool | None = None  # None: undecidable from what was read
    name: str | None = None  # prtGeneralPrinterName or sysName
    location: str | None = None
    object_id: str | None = None  # sysObjectID, dotted
    description: str | None = None  # sysDescr
    profiles: tuple[str, ...] = ()  # files of the vendor profiles that fit: whose private meters to ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state triple of RFC 3805, 2.2.13.2.1: the pair of statuses tells, not one alone."""

    device: DeviceStatus | None = None
    printer: PrinterStatus | None = None
    errors: tuple[str, ...] | None = None  # bit names of hrPrinterDetectedErrorState
    console: tuple[str, ...] = ()  # prtConsoleDisplayBufferText, one per line

    @property
    def asleep(self) -> bool:
        """Running but "other": standby or power save, not trouble."""
        return self.device is DeviceStatus.RUNNING and self.printer is PrinterStatus.OTHER


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
class Supply:
    """One row of prtMarkerSuppliesTable, 1.3.6.1.2.1.43.11.1."""

    index: str  # "1.3": hrDeviceIndex, then prtMarkerSuppliesIndex
    type: str | None = None  # label of PrtMarkerSuppliesTypeTC
    kind: str | None = None  # class: "consumed", "receptacle" or None
    colour: str = "unknown"
    level: Amount = None
    max: Amount = None
    unit: str | None = None
    description: str = ""
    part_number: str | None = None
    serial: str | None = None
    marker: int | None = None  # prtMarkerSuppliesMarkerIndex; 0: no particular marker
    raw: str | None = None  # hex of the description's bytes, where they are not plain ASCII

    @property
    def capacity(self) -> Amount:
        """The largest level: `max`, or 100 where the level is itself a percentage."""
        return whole(self.max, self.unit)

    @property
    def percent(self) -> int | None:
        return percent(self.level, self.capacity)

    @property
    def vagueness(self) -> Vague | None:
        return vagueness(self.level, self.capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """One row of prtInputTable (level = what is left) or prtOutputTable (level = room left)."""

    index: str
    name: str = ""
    level: Amount = None
    max: Amount = None
    unit: str | None = None
    status: int | None = None  # PrtSubUnitStatusTC, a sum of parts: see `availability`
    media: str | None = None
    type: str | None = None  # label of PrtInputTypeTC or PrtOutputTypeTC

    @property
    def capacity(self) -> Amount:
        """The largest level: `max`, or 100 where the level is itself a percentage."""
        return whole(self.max, self.unit)

    @property
    def percent(self) -> int | None:
        return percent(self.level, self.capacity)

    @property
    def vagueness(self) -> Vague | None:
        return vagueness(self.level, self.capacity)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One row of prtConsoleLightTable, 1.3.6.1.2.1.43.17.6.1."""

    index: str
    description: str = ""
    colour: str | None = None
    state: str | None = None  # "on", "off", "flashing"


GAUGES = frozenset({"remaining", "pages_left", "state", "used"})
"""Names of meters that go up and down, with the part that they are about: no counters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One counter: (metric, part, value, unit), with where it came from and how far to trust it."""

    name: str  # "total", "mono", "colour", "a3", "copy", "scan", …
    value: int
    unit: str = "impressions"
    part: str | None = None  # a marker row or function where the metric has parts
    source: str = ""  # OID, "OID#record", or "ipp:attribute-name"
    trust: Trust = Trust.MEASURED
    confidence: str | None = None  # of a vendor's row: "A", "B" or "C"; None: the standard has it

    @property
    def counts(self) -> bool:
        """Whether it only ever rises, but for a reset."""
        return self.name not in GAUGES

    @property
    def billable(self) -> bool:
        """Whether an invoice may rest on it: measured, or carried on over a reset with a known offset."""
        return self.counts and self.trust in {Trust.MEASURED, Trust.OFFSET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one poll of one printer brought. A part that was not asked for or not had is None.

    `reachable` is False when nothing answered: then every part is None, and nobody may conclude
    anything about supplies or alerts from it.
    """

    address: Address
    at: float
    via: str = "snmp"  # "ipp", or "snmp+ipp" where both told
    certificate: str | None = None  # SHA-256 in hex of the one it showed to IPP over TLS
    reachable: bool = True
    uptime: int | None = None  # sysUpTime, 1/100 s; often the network card's clock
    identity: Identity | None = None
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
    charset: int | None = None  # MIBenum that the localized texts are declared to be in
    problems: tuple[str, ...] = ()  # reading errors, one sentence each
    sources: Mapping[str, str] = field(default_factory=dict)  # "supplies.1.1.level" -> OID


class Tier(StrEnum):
    """What one poll asks for; each has a cadence of its own in `[schedule]`."""

    ALERTS = "alerts"  # status and alerts: small and often
    SUPPLIES = "supplies"  # supplies and trays
    METERS = "meters"
    INVENTORY = "inventory"  # identity and the tables that hardly ever change


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an earlier snapshot spares the next poll of the same printer from asking again.

    The identity counts only as long as prtGeneralConfigChanges stands where it stood.
    """

    units: tuple[int, ...] = ()
    charset: int | None = None
    config_changes: int | None = None
    identity: Identity | None = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """What `snapshot` taught."""
        return cls(
            units=snapshot.units,
            charset=snapshot.charset,
            config_changes=snapshot.config_changes,
            identity=snapshot.identity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from when it was first seen until it was seen gone."""

    alert: Alert
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to a printer, and is told by no value alone."""

    at: float
    what: str  # "reboot", "replaced", "serial", "counter"
    detail: str = ""
    count: float = 0.0  # what of it can be counted: pages lost, events missed


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What is known of the whole site at one moment."""

    id: str = ""
    devices: int = 0
    unreachable: int = 0
    settles: float | None = None  # until then what was there before the agent goes into one digest

    @property
    def blind(self) -> bool:
        """Whether nobody answers at all: then the agent cannot tell who is there."""
        return self.devices >= 3 and self.unreachable == self.devices

    @property
    def unreachable_share(self) -> float | None:
        """0.0 to 1.0; None where the site has fewer than three printers to judge by."""
        return self.unreachable / self.devices if self.devices >= 3 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """When a supply will be empty: an estimate, in days from `at`. P10 is the early bound.

    `basis`: measured (a gauge in fine steps), coarse (steps of 5 % or more), learned (no numbers, but
    cartridges before it) or assumed (the rated yield and the fleet's experience).
    """

    at: float
    p10: float
    p50: float
    p90: float
    basis: str
    raw: float  # before the correction by looking back
    sigma: float  # of its logarithm
    left: float  # share of a cartridge, 0.0 to 1.0
    pages_left: float
    pages_a_day: float
    use: float  # cartridges a page
    line: float | None = None  # what a straight line since the last refill says: the baseline to beat

    def days(self, chance: float) -> float:
        """Within how many days it will be empty, with this chance (0.1 to 0.9; P30 is days(0.3))."""
        return self.chance_of(self.p10, self.p50, self.p90, chance)

    @staticmethod
    def chance_of(p10: float, p50: float, p90: float, chance: float) -> float:
        """The same from the three marks: between them, a factor early is as likely as a factor late."""
        if p10 <= 0.0:
            return 0.0
        share = min(0.9, max(0.1, chance))
        low, high, near = (p10, p50, 0.1) if share <= 0.5 else (p50, p90, 0.5)
        part = (_normal(share) - _normal(near)) / _normal(0.9)
        return low * exp(part * log(high / low))


def _normal(share: float) -> float:
    """The quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """What is foreseen of a part that a technician replaces. An estimate, too."""

    odds: float  # how much likelier "worn" explains its troubles than "healthy"; 1 where it has none
    troubles: int = 0  # since it was new
    last: float | None = None  # when the latest was
    life_used: float | None = None  # share of its rated life, where a supply row tells it
    days: float | None = None  # to the end of that life


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What is foreseen of one printer."""

    outlooks: Mapping[str, Outlook] = field(default_factory=dict)  # by supply index
    premature: Mapping[str, float] = field(default_factory=dict)  # supply index -> share left when replaced
    parts: Mapping[str, Wear] = field(default_factory=dict)  # by part: "fuser 1", "roller 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that rules may know of one printer at one moment, put together from history.

    A part that was never read is None or empty-with-`…_at`-None; rules take that for "unknown".
    """

    device: Device
    now: float
    last_answer: float | None = None  # when it last answered anything
    answers_in_a_row: int = 0
    status: Status | None = None
    status_at: float | None = None
    errors_since: Mapping[str, float] = field(default_factory=dict)  # error bit -> when first seen set
    open_alerts: tuple[Episode, ...] | None = None
    alerts_at: float | None = None  # when the alert table was last read
    recent_alerts: tuple[Episode, ...] = ()  # began within the last 30 days, open or ended
    supplies: tuple[Supply, ...] | None = None
    supplies_at: float | None = None
    filled: Mapping[str, int] = field(default_factory=dict)  # receptacle's index -> percent full, if learned
    pages: int | None = None  # the total meter
    pages_before: tuple[tuple[float, int], ...] = ()  # (at, total) readings of the last 30 days, thinned
    answering_since: float | None = None  # since when it has answered every poll
    renewed: Mapping[str, float] = field(default_factory=dict)  # supply index -> when it was last replaced
    happened: tuple[Happening, ...] = ()  # within the last 30 days, by time
    foresight: Foresight = field(default_factory=Foresight)
    fresh: frozenset[str] | None = None  # parts that the last reading changed; None: nobody knows, so all
    site: SiteFacts = field(default_factory=SiteFacts)


class ChangeKind(StrEnum):
    OPENED = "opened"  # the condition is now a fact
    RESOLVED = "resolved"  # it has ceased for long enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """How the ticket of a change goes together with those of other printers."""

    by: tuple[str, ...] = ()  # what a group has in common: site, model, location
    wait: float = 0.0  # seconds that the first of a group waits for the others
    most_a_day: int | None = None  # further ones of the same rule go into one storm ticket
    digest: bool = False  # was there before the agent was: told in the site's digest
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A rule's verdict on one object changed."""

    kind: ChangeKind
    at: float
    device: Device
    rule: str  # id of the rule
    subject: str  # the object within the device: "" for the device, a supply or alert key otherwise
    fault: str  # key of the fault catalogue: "fuser.failure"
    component: str  # "toner:black", "tray:2", "" for the device as a whole
    impact: Impact
    severity: str
    title: str
    since: float  # when the condition was first seen
    evidence: Mapping[str, object] = field(default_factory=dict)
    gathering: Gathering = field(default_factory=Gathering)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One step in the life of a ticket: what the provider is told."""

    ticket_id: str
    ticket_seq: int  # 1, 2, 3 … within the ticket
    event: str  # "open", "update", "clear", "reopen"
    dedupe_key: str  # device key | fault | component | episode
    at: float
    opened_at: float
    device: Device
    fault: str
    component: str
    impact: Impact
    severity: str
    rule: str
    title: str
    evidence: Mapping[str, object] = field(default_factory=dict)
