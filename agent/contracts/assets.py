"""assets.csv: what the provider's books say of each printer, by its serial number or MAC address.

    serial,mac,asset_tag,managed,contract,location,territory,voltage,visit_hours,contact_ref,…
    PHBLL12345,,A-00417,yes,K-2201-A,Floor 2,60601,110V,Mon-Fri 08:00-17:00,site-contact-1,2024-02-11

Comma, semicolon or tab, as spreadsheets save it; a byte order mark is no matter. All or nothing: one wrong
line refuses the file, with every complaint, and the last good one stays in force.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path

from agent.core import toml, toml_hints
from agent.core.errors import Complaint, ConfigError
from agent.core.model import Device

FILE_NAME = "assets.csv"
YES, NO = frozenset({"yes", "true", "1", "y"}), frozenset({"no", "false", "0", "n"})
MAX_CELL = 500  # characters
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what begins with these


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One printer in the provider's books. Empty: not told."""

    serial: str = ""
    mac: str = ""  # twelve lower-case hex digits
    asset_tag: str = ""
    managed: bool = True
    contract: str = ""  # id of a contract; empty: by the contracts' match
    segment: str = ""
    location: str = ""
    territory: str = ""
    voltage: str = ""
    visit_hours: str = ""
    contact_ref: str = ""  # a reference, no name
    access_notes_ref: str = ""
    next_visit: str = ""  # a planned visit, YYYY-MM-DD
    in_service_since: str = ""  # YYYY-MM-DD


COLUMNS = tuple(one.name for one in fields(Asset))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetList:
    """All printers of the books, found by serial number first, then by MAC address."""

    assets: tuple[Asset, ...] = ()
    _by_serial: Mapping[str, Asset] = field(default_factory=dict, repr=False)
    _by_mac: Mapping[str, Asset] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, assets: Iterable[Asset]) -> "AssetList":
        """Build the list with its look-ups."""
        rows = tuple(assets)
        serials = {one.serial.casefold(): one for one in rows if one.serial}
        macs = {one.mac: one for one in rows if one.mac}
        return cls(assets=rows, _by_serial=serials, _by_mac=macs)

    def find_asset(self, device: Device) -> Asset | None:
        """Find the entry of a printer; None if the books do not have it."""
        found = self._by_serial.get(device.serial.casefold()) if device.serial else None
        return found or (self._by_mac.get(device.mac) if device.mac else None)


def load_assets(path: Path) -> AssetList:
    """Load an asset list. Raises ConfigError with every complaint."""
    try:
        text = toml_hints.decode_toml(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError.for_file(path, "there is no such file") from None
    except OSError as why:
        raise ConfigError.for_file(path, f"cannot be read: {why}") from why
    except ValueError as why:
        reason, _, suggestion = str(why).partition(" | ")
        raise ConfigError.for_file(path, reason, suggestion=suggestion) from None
    return parse_assets(text, str(path))


def parse_assets(text: str, file: str) -> AssetList:
    """Parse the text of an asset list; `file` is its name in complaints. Raises ConfigError."""
    complaints: list[Complaint] = []
    rows = list(_read_rows(text, file, complaints))
    assets = [asset for line, row in rows if (asset := _parse_row(line, row, file, complaints))]
    if not complaints:
        complaints += _find_doubles(
            [(line, asset) for (line, _), asset in zip(rows, assets, strict=True)], file
        )
    if complaints:
        raise ConfigError(complaints)
    return AssetList.build(assets)


def _read_rows(text: str, file: str, complaints: list[Complaint]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cells by column); what is wrong with the heading is a complaint."""
    heading = text.partition("\n")[0]
    sign = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text), delimiter=sign, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        complaints += _check_heading(names, file)
        if complaints:
            return
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(names):
                    reason = f"has {len(cells)} cells, and the heading has {len(names)}"
                    hint = f'put a cell with "{sign}" in it into quotes'
                    complaints.append(
                        Complaint(file=file, line=reader.line_num, reason=reason, suggestion=hint)
                    )
                yield reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False))
    except csv.Error as why:
        hint = "a quote is missing, or stands inside a cell: write it twice there"
        complaints.append(Complaint(file=file, line=reader.line_num, reason=str(why), suggestion=hint))


def _check_heading(names: list[str], file: str) -> Iterator[Complaint]:
    for number, name in enumerate(names):
        if name not in COLUMNS:
            hint = toml.suggest_word(name, COLUMNS)
            yield Complaint(file=file, line=1, key=name, reason="unknown column", suggestion=hint)
        elif name in names[:number]:
            yield Complaint(file=file, line=1, key=name, reason="stands twice", suggestion="remove one")
    if not {"serial", "mac"} & set(names):
        hint = "the first line names the columns: serial,asset_tag,managed,contract"
        yield Complaint(file=file, line=1, reason="there is neither serial nor mac", suggestion=hint)


def _parse_row(line: int, row: dict[str, str], file: str, complaints: list[Complaint]) -> Asset | None:
    before = len(complaints)

    def complain(key: str, reason: str, hint: str) -> None:
        complaints.append(Complaint(file=file, line=line, key=key, reason=reason, suggestion=hint))

    cells = {
        name: text.removeprefix("'") if text[1:2] in FORMULA_SIGNS else text for name, text in row.items()
    }
    for name, text in cells.items():
        if len(text) > MAX_CELL or not text.isprintable():
            complain(name, "is too long, or has control characters", f"write at most {MAX_CELL} characters")
    mac = cells.get("mac", "").lower().translate(dict.fromkeys(map(ord, ":-.")))
    if mac and (len(mac) != 12 or any(digit not in "0123456789abcdef" for digit in mac)):
        complain("mac", f'"{cells["mac"]}" is not a MAC address', 'write one like "00:11:22:33:44:55"')
    if not mac and not cells.get("serial"):
        complain("", "has neither serial nor MAC", "a printer is found by one of them")
    managed = cells.get("managed", "").lower() or "yes"
    if managed not in YES | NO:
        complain("managed", f'"{managed}" is neither yes nor no', "write yes or no")
    for name in ("in_service_since", "next_visit"):
        if cells.get(name) and not _is_date(cells[name]):
            complain(name, f'"{cells[name]}" is not a day', "write year-month-day: 2026-12-25")
    if len(complaints) > before:
        return None
    return Asset(**{**cells, "mac": mac, "managed": managed in YES})  # type: ignore[arg-type]


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _find_doubles(rows: Iterable[tuple[int, Asset]], file: str) -> Iterator[Complaint]:
    """Find printers that stand in the list twice."""
    seen: dict[tuple[str, str], int] = {}
    for line, one in rows:
        for name in ("serial", "mac"):
            key = (name, getattr(one, name).casefold())
            if key[1] and key in seen:
                hint = "a printer has one line: remove the other"
                reason = f'"{key[1]}" stands in line {seen[key]} already'
                yield Complaint(file=file, line=line, key=name, reason=reason, suggestion=hint)
            seen.setdefault(key, line)


def format_assets(assets: Iterable[Asset]) -> str:
    """Format a list as CSV. No cell of it is computed by a spreadsheet, whatever a printer calls itself."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in assets:
        writer.writerow([_format_cell(getattr(one, name)) for name in COLUMNS])
    return out.getvalue()


def _format_cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def merge_devices(listed: AssetList, devices: Iterable[Device]) -> list[Asset]:
    """Merge the list with the printers of the inventory: every asset once, then printers it does not have."""
    found = [_asset_of(device) for device in devices if listed.find_asset(device) is None]
    return [*listed.assets, *found]


def _asset_of(device: Device) -> Asset:
    return Asset(
        serial=device.serial or "",
        mac="" if device.serial else device.mac or "",
        contract=device.contract or "",
        location=device.location or "",
    )
