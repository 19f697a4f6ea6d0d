"""The printers of the shop: twelve that together show what a real fleet's tables look like.

Vendors' habits are kept that a reader could stumble over: toner in impressions (Kyocera,
Xerox) or percent or not at all (Brother), waste boxes that only say "some room", drawers that only
say "some paper", no serial number (Epson), a v1-only print server (Brother), sysObjectIDs that say
nothing of the model. Serial numbers, MACs and places are made up.
"""

from agent.simulator.ber import oid
from agent.simulator.model import PrinterModel, SupplyKind, SupplySpec, TraySpec

_UNKNOWN = -2
_IMPRESSIONS = 7


def _build_toners(names: dict[str, str], pages: int = 12_000, **left: float) -> tuple[SupplySpec, ...]:
    """Build one cartridge for each colour, in percent."""
    return tuple(
        SupplySpec(
            kind=SupplyKind.TONER,
            description=description,
            colour=colour,
            pages=pages,
            left=left.get(colour, 0.8),
        )
        for colour, description in names.items()
    )


def _build_drawers(*capacities: int, sheets: int | None = None, vague: bool = False) -> tuple[TraySpec, ...]:
    """Tray 1 feeds little, Tray 2 most, further ones nothing. The last may be `vague`."""
    shares = (1.0,) if len(capacities) == 1 else (0.2, 0.8, *(0.0 for _ in capacities[2:]))
    last = len(capacities)
    return tuple(
        TraySpec(
            name=f"Tray {row}",
            capacity=capacity,
            share=share,
            sheets=min(capacity, sheets or capacity * 4 // 5),
            vague=vague and row == last,
        )
        for row, (capacity, share) in enumerate(zip(capacities, shares, strict=True), start=1)
    )


_WASTE = SupplySpec(kind=SupplyKind.WASTE_TONER, description="Waste Toner Box", largest=_UNKNOWN, vague=True)

KYOCERA_P2040 = PrinterModel(
    vendor="KYOCERA",
    model="ECOSYS P2040dw",
    object_id=oid("1.3.6.1.4.1.1347.41"),
    descr="KYOCERA Document Solutions Printing System",
    serial="VHB8912345",
    mac="0017c8a1b2c3",
    parts=(
        SupplySpec(
            kind=SupplyKind.TONER,
            description="TK-1162",
            colour="black",
            pages=7200,
            unit=_IMPRESSIONS,
            largest=7200,
            left=0.72,
        ),
        _WASTE,
    ),
    drawers=_build_drawers(100, 250, vague=True),
    location="2nd floor, copy room",
)

HP_M507 = PrinterModel(
    vendor="HP",
    model="HP LaserJet Enterprise M507dn",
    object_id=oid("1.3.6.1.4.1.11.2.3.9.1"),
    descr="HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153,EEPROM JSI24110019,CIDATE 06/05/2019",
    serial="PHBLL12345",
    mac="3c52820a1b2c",
    parts=(
        *_build_toners({"black": "Black Cartridge 89X HP CF289X"}, pages=3000),
        SupplySpec(kind=SupplyKind.FUSER, description="Maintenance Kit HP F2G76A", pages=150_000, left=0.64),
    ),
    drawers=_build_drawers(100, 550),
    speed=43,
    location="Accounts",
)

LEXMARK_MS521 = PrinterModel(
    vendor="Lexmark",
    model="Lexmark MS521dn",
    object_id=oid("1.3.6.1.4.1.641.1.71107122"),
    descr="Lexmark MS521dn version MSNGM.076.294 kernel 4.11.12-yocto-standard-74b7175ce All-N-1",
    serial="46001234HH56A",
    mac="00214f5d6e7f",
    parts=(
        *_build_toners({"black": "Black Toner Cartridge"}, pages=15_000, black=0.66),
        SupplySpec(kind=SupplyKind.DRUM, description="Imaging Unit", pages=60_000, left=0.71),
    ),
    drawers=_build_drawers(100, 250),
    speed=46,
    location="Warehouse desk",
)

RICOH_C3000 = PrinterModel(
    vendor="RICOH",
    model="RICOH IM C3000",
    object_id=oid("1.3.6.1.4.1.367.1.1"),
    descr="RICOH IM C3000 1.05 / RICOH Network Printer C model / RICOH Network Scanner C model",
    serial="3100RC12345",
    mac="002673112233",
    parts=(
        *_build_toners(
            {
                "black": "Black Toner",
                "cyan": "Cyan Toner",
                "magenta": "Magenta Toner",
                "yellow": "Yellow Toner",
            },
            pages=30_000,
            cyan=0.6,
        ),
        SupplySpec(kind=SupplyKind.WASTE_TONER, description="Waste Toner", pages=90_000, left=1.0),
    ),
    drawers=_build_drawers(550, 550),
    covers=("Front cover", "Right cover"),
    colour=True,
    speed=30,
    life=182_455,
    location="1st floor, corridor",
)

KONICA_C308 = PrinterModel(
    vendor="KONICA MINOLTA",
    model="bizhub C308",
    object_id=oid("1.3.6.1.4.1.18334.1.1.1.2.1.118.2.2"),
    descr="KONICA MINOLTA bizhub C308",
    serial="A7PY021012345",
    mac="00206b445566",
    parts=(
        *_build_toners(
            {
                "cyan": "Toner (Cyan)",
                "magenta": "Toner (Magenta)",
                "yellow": "Toner (Yellow)",
                "black": "Toner (Black)",
            },
            pages=26_000,
        ),
        SupplySpec(
            kind=SupplyKind.DRUM,
            description="Drum Cartridge (Black)",
            colour="black",
            pages=90_000,
            left=0.59,
        ),
        SupplySpec(kind=SupplyKind.FUSER, description="Fusing Unit", pages=600_000, left=0.83),
        _WASTE,
    ),
    drawers=_build_drawers(500, 500),
    covers=("Front door", "Right door"),
    colour=True,
    speed=30,
    life=97_310,
    location="Reception",
)

XEROX_C405 = PrinterModel(
    vendor="Xerox",
    model="Xerox VersaLink C405 Color MFP",
    object_id=oid("1.3.6.1.4.1.253.8.62.1.35.11.2.1.1"),
    descr="Xerox VersaLink C405 Color MFP; System Software 68.53.31, Controller 1.60.10, Engine 01.11.00",
    serial="3911234567",
    mac="9c934e778899",
    parts=tuple(
        SupplySpec(
            kind=SupplyKind.TONER_CARTRIDGE,
            description=f"{colour.title()} Toner Cartridge, PN {number}",
            colour=colour,
            pages=8000,
            unit=_IMPRESSIONS,
            largest=8000,
            left=0.55,
        )
        for colour, number in (
            ("black", "106R03532"),
            ("cyan", "106R03534"),
            ("magenta", "106R03535"),
            ("yellow", "106R03533"),
        )
    ),
    drawers=_build_drawers(150, 550),
    colour=True,
    speed=35,
    location="Branch office",
)

BROTHER_L5100 = PrinterModel(
    vendor="Brother",
    model="Brother HL-L5100DN series",
    object_id=oid("1.3.6.1.4.1.2435.2.3.9.1"),
    descr="Brother NC-8500h, Firmware Ver.1.18  (20.01.16),MID 84E-401,FID 2",
    serial="E75488F9N123456",
    mac="30055cab12cd",
    parts=(
        SupplySpec(
            kind=SupplyKind.TONER,
            description="Black Toner Cartridge",
            colour="black",
            unit=13,
            largest=_UNKNOWN,
            vague=True,
        ),
        SupplySpec(
            kind=SupplyKind.DRUM,
            description="Drum Unit",
            pages=30_000,
            unit=_IMPRESSIONS,
            largest=30_000,
            left=0.77,
        ),
    ),
    drawers=_build_drawers(50, 250, vague=True),
    location="Workshop",
)

HP_M480 = PrinterModel(
    vendor="HP",
    model="HP Color LaserJet MFP M480",
    object_id=oid("1.3.6.1.4.1.11.2.3.9.1"),
    descr="HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD149,EEPROM JSI26050120,CIDATE 11/17/2021",
    serial="CNBRR67890",
    mac="c46516d4e5f6",
    parts=_build_toners(
        {
            "black": "Black Cartridge 415X HP W2030X",
            "cyan": "Cyan Cartridge 415X HP W2031X",
            "yellow": "Yellow Cartridge 415X HP W2032X",
            "magenta": "Magenta Cartridge 415X HP W2033X",
        },
        pages=7500,
        black=0.91,
    ),
    drawers=_build_drawers(50, 250),
    colour=True,
    speed=29,
    location="Personnel",
)

CANON_C3530 = PrinterModel(
    vendor="Canon",
    model="Canon iR-ADV C3530",
    object_id=oid("1.3.6.1.4.1.1602.4.7"),
    descr="Canon iR-ADV C3530 /P",
    serial="XLD01234",
    mac="001e8f0c1d2e",
    parts=(
        *_build_toners(
            {
                "black": "Canon GPR-53 Black Toner",
                "cyan": "Canon GPR-53 Cyan Toner",
                "magenta": "Canon GPR-53 Magenta Toner",
                "yellow": "Canon GPR-53 Yellow Toner",
            },
            pages=36_000,
        ),
        SupplySpec(
            kind=SupplyKind.WASTE_TONER, description="Waste Toner Container", largest=_UNKNOWN, vague=True
        ),
    ),
    drawers=_build_drawers(550, 550, vague=True),
    colour=True,
    speed=30,
    location="Meeting rooms",
)

EPSON_C5790 = PrinterModel(
    vendor="EPSON",
    model="EPSON WF-C5790 Series",
    object_id=oid("1.3.6.1.4.1.1248.1.1.2.1.3.5.69.69.80.83.50"),
    descr="EPSON Built-in 11b/g/n Print Server",
    serial=None,
    mac="44d244e1f203",
    parts=(
        *(
            SupplySpec(
                kind=SupplyKind.INK_CARTRIDGE,
                description=f"{colour.title()} Ink Supply Unit T{number}",
                colour=colour,
                pages=10_000,
                left=0.85,
            )
            for colour, number in (("black", 9461), ("cyan", 9452), ("magenta", 9453), ("yellow", 9454))
        ),
        SupplySpec(kind=SupplyKind.WASTE_INK, description="Maintenance Box T6716", pages=50_000, left=0.92),
    ),
    drawers=_build_drawers(80, 250),
    colour=True,
    ink=True,
    speed=24,
    location="Planning",
)

SHARP_3570 = PrinterModel(
    vendor="SHARP",
    model="SHARP MX-3570N",
    object_id=oid("1.3.6.1.4.1.2385.3.1.112.1.2"),
    descr="SHARP MX-3570N",
    serial="95012345",
    mac="002216f30415",
    parts=(
        *_build_toners(
            {
                "cyan": "Cyan Toner",
                "magenta": "Magenta Toner",
                "yellow": "Yellow Toner",
                "black": "Black Toner",
            },
            pages=24_000,
            magenta=0.5,
        ),
        _WASTE,
    ),
    drawers=_build_drawers(250, 250, sheets=130),
    colour=True,
    speed=35,
    location="Branch office, ground floor",
)

KYOCERA_3253 = PrinterModel(
    vendor="KYOCERA",
    model="TASKalfa 3253ci",
    object_id=oid("1.3.6.1.4.1.1347.41"),
    descr="KYOCERA Document Solutions Printing System",
    serial="RVP9876543",
    mac="0017c80f1e2d",
    parts=(
        *(
            SupplySpec(
                kind=SupplyKind.TONER,
                description=f"TK-8335{letter}S",
                colour=colour,
                pages=15_000,
                unit=_IMPRESSIONS,
                largest=15_000,
                left=0.7,
            )
            for colour, letter in (("cyan", "C"), ("magenta", "M"), ("yellow", "Y"), ("black", "K"))
        ),
        _WASTE,
    ),
    drawers=_build_drawers(500, 500),
    colour=True,
    speed=32,
    location="Branch office, 1st floor",
)
