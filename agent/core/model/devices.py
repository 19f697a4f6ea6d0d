"""Addresses, announcements and identities of printers, and the record of the inventory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Address(NamedTuple):
    """The address of a printer: an IP address in text form and a UDP (or TCP) port."""

    host: str
    port: int = 161

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IppPlace:
    """A port and path at which a printer answers IPP, as it announced them."""

    port: int
    path: str = ""  # "/ipp/print", percent-encoded; "": not announced, the usual ones are tried
    tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The announcement of a printer over mDNS (Bonjour Printing 1.2.1)."""

    model: str | None = None  # ty, else the IEEE 1284 maker and model, else product
    vendor: str | None = None
    uuid: str | None = None
    mac: str | None = None  # twelve lower-case hex digits, where the maker announces it
    location: str | None = None  # note: typed by the site
    admin_url: str | None = None
    resource: str | None = None  # rp: the path for IPP
    ipp: tuple[IppPlace, ...] = ()  # where it answers IPP: those with TLS first
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
    """A host that may be a printer, seen at an address by one way of discovery."""

    address: Address
    via: str  # the discoverer's name: static, mdns, sweep, engine, …
    at: float
    is_printer: bool | None = None  # None: not decided yet
    is_printer_maker: bool = False  # its SNMPv3 engine id carries the number of a printer maker
    model: str | None = None
    serial: str | None = None
    mac: str | None = None
    uuid: str | None = None
    credential: str | None = None  # name of the credential that was answered
    announced: Announcement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProof:
    """The objects whose values prove which printer answered, as they were when they were read.

    `objects` ride in every request of a poll, `opening` in the first one only. OIDs are in raw encoding.
    """

    kind: str = (
        "unproved"  # "serial", "mac", "uuid", "engine"; "unproved": by its kind, name and address alone
    )
    objects: Mapping[bytes, object] = field(default_factory=dict)
    opening: Mapping[bytes, object] = field(default_factory=dict)
    uptime: int | None = None  # sysUpTime then, 1/100 s
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One printer of the inventory, independent of its current address."""

    key: str  # "sn:PHBLL12345", "mac:001122334455", "uuid:…" or "eng:…"; never the address
    address: Address
    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    mac: str | None = None
    uuid: str | None = None
    engine_id: str | None = None  # hex; asked for where nothing else proves the printer
    firmware: str | None = None
    location: str | None = None
    hostname: str | None = None
    credential: str | None = None
    first_seen: float = 0.0
    last_seen: float = 0.0
    proof: str = ""  # what proves it in each poll: see `IdentityProof.kind`; "": not known yet
    replaces: str | None = None  # key of the printer that it stands in the place of
    moved_from: str | None = None  # host where it answered before
    displaced_by: str | None = None  # key of the printer that answers at its address; None once it is found
    tags: tuple[str, ...] = ()  # from the provider's asset list
    contract: str | None = None  # id of its contract
    managed: bool = True  # False: the provider does not look after it: shown, never ticketed or billed

    @property
    def trust(self) -> str:
        """ "unproved" where nothing in a reading proves that it is of this printer, else "proved"."""
        return "unproved" if self.proof == "unproved" else "proved"

    def is_called(self, name: str) -> bool:
        """Whether a person may mean this printer by `name`: its key, serial, MAC, host or address."""
        known = (self.key, self.serial, self.mac, self.address.host, str(self.address))
        return name.casefold() in {one.casefold() for one in known if one}

    @property
    def name(self) -> str:
        """A name for people: "Kyocera ECOSYS P2040dw (VHB8912345)"."""
        called = " ".join(part for part in (self.vendor, self.model) if part) or "printer"
        return f"{called} ({self.serial or self.address.host})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterUnit:
    """One of the printers behind a print server."""

    index: int  # hrDeviceIndex, the first number in the index of its rows
    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    name: str | None = None  # prtGeneralPrinterName


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The identity that a printer reports."""

    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    mac: str | None = None  # twelve lower-case hex digits
    uuid: str | None = None
    engine_id: str | None = None  # snmpEngineID, hex: read where there is no serial number and no MAC
    is_printer: bool | None = None  # None: undecidable from what was read
    name: str | None = None  # prtGeneralPrinterName or sysName
    location: str | None = None
    object_id: str | None = None  # sysObjectID, dotted
    description: str | None = None  # sysDescr
    profiles: tuple[str, ...] = ()  # files of the vendor profiles that fit: their private meters are read
