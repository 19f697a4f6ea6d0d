"""The model of a simulated printer: everything about it that no scenario moves."""

import uuid
from dataclasses import dataclass, field
from enum import IntEnum

from agent.simulator.ber import BerValue, Oid


class SupplyKind(IntEnum):
    """PrtMarkerSuppliesTypeTC, as far as the simulated printers have them (RFC 3805)."""

    TONER = 3
    WASTE_TONER = 4
    WASTE_INK = 8
    DRUM = 9  # opc
    FUSER = 15
    TRANSFER = 20
    TONER_CARTRIDGE = 21
    INK_CARTRIDGE = 6


RECEPTACLES = frozenset({SupplyKind.WASTE_TONER, SupplyKind.WASTE_INK})


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplySpec:
    """One row of prtMarkerSuppliesTable: a cartridge, a drum, a box for waste."""

    kind: SupplyKind
    description: str
    colour: str | None = None  # its row of prtMarkerColorantTable
    pages: int = 10_000  # a full one lasts for so many
    left: float = 0.9  # share left at the fleet's start (of a box: share of its room)
    unit: int = 19  # PrtMarkerSuppliesSupplyUnitTC: percent; 7 impressions
    largest: int = 100  # prtMarkerSuppliesMaxCapacity
    vague: bool = False  # the level is always -3: some left, amount unknown
    floor: float = 0.02  # firmware goes on at "very low" instead of saying empty


@dataclass(frozen=True, slots=True, kw_only=True)
class TraySpec:
    """One row of prtInputTable."""

    name: str
    capacity: int = 250  # sheets
    share: float = 0.0  # of all pages
    sheets: int = 200  # at the fleet's start
    vague: bool = False  # the level is always -3: at least one sheet
    kind: int = 4  # PrtInputTypeTC: sheetFeedAutoNonRemovableTray
    media: str = "iso-a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterModel:
    """Maker, model, identity and parts of one printer."""

    vendor: str
    model: str
    object_id: Oid  # sysObjectID
    descr: str  # sysDescr
    serial: str | None  # prtGeneralSerialNumber; None: it has no such object
    mac: str  # twelve hex digits
    parts: tuple[SupplySpec, ...]
    drawers: tuple[TraySpec, ...]
    covers: tuple[str, ...] = ("Front cover",)
    colour: bool = False
    speed: int = 40  # pages a minute
    life: int = 40_000  # prtMarkerLifeCount at the fleet's start
    ink: bool = False
    up_before: float = 9 * 86400.0  # seconds it had been running when the fleet started
    location: str = ""
    ready: str = "Ready"  # on its panel
    private: tuple[tuple[Oid, BerValue], ...] = field(default=())  # the vendor's own objects

    @property
    def uuid(self) -> str:
        """Device UUID without "urn:uuid:": the same as long as the MAC is (RFC 9562, section 5.5)."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.vendor}:{self.mac}"))

    @property
    def name(self) -> str:
        return self.model if self.model.startswith(self.vendor) else f"{self.vendor} {self.model}"
