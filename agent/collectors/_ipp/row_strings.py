"""The `key=value;` strings of IPP: printer-alert (PWG 5100.9), printer-supply and the trays (PWG 5100.13).

    code=coverOpen;index=12;severity=critical;group=cover;groupindex=1;location=-2;time=12345
    type=toner;maxcapacity=100;level=80;class=supplyThatIsConsumed;unit=percent;colorantname=black;
    type=sheetFeedAutoNonRemovableTray;maxcapacity=250;level=-3;status=19;name=Cassette 1;

Keys are the labels of the Printer MIB. Unknown ones are skipped, missing ones allowed, of a repeated one
the first counts; a bare word is an alert's code, and no supply or tray.
"""

from collections.abc import Iterable, Sequence

from agent.collectors._ipp.codec import Attributes, IppValues
from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.alert_kinds import UNSPECIFIC_CODES, classify_alert
from agent.collectors._printer_mib.mib_reader import MAX_LEVEL
from agent.collectors._printer_mib.resting_texts import is_resting_text
from agent.collectors._printer_mib.supply_table import COLOURED_TYPES
from agent.collectors._vendor.part_numbers import find_supply_ids
from agent.collectors._vendor.supply_colours import detect_colour
from agent.core import alert_codes
from agent.core.model import RECEPTACLE_TYPES, Alert, AlertKind, Amount, Status, Supply, Tray, Vague
from agent.core.text import clean_text

ALERT_CODES = {name.casefold(): code for code, name in reversed([*alert_codes.CODE_NAMES.items()])}
_UNIT = 1  # an IPP reply is about one printer: takes the place of hrDeviceIndex

RowFields = dict[str, str]


def parse_fields(row: object) -> RowFields:
    """Parse the pairs of one row, keys in lower case."""
    text = row.decode("ascii", "replace") if isinstance(row, bytes) else str(row)
    found: RowFields = {}
    for part in text.strip("\0 ").split(";"):
        key, equals, value = part.partition("=")
        if part.strip():
            pair = (key, value) if equals else ("code", part)
            found.setdefault(pair[0].strip().casefold(), clean_text(pair[1]))
    return found


def list_texts(values: IppValues) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values]


def build_alerts(attributes: Attributes, status: Status | None) -> list[Alert]:
    """Build alerts of printer-alert and its descriptions, by position. The lists may differ in length."""
    rows = [parse_fields(row) for row in attributes.get("printer-alert", ())]
    said = list_texts(attributes.get("printer-alert-description", ()))
    padded = [*said, *[""] * len(rows)]
    return [
        _build_alert(row, text, place, status)
        for place, (row, text) in enumerate(zip(rows, padded, strict=False), start=1)
        if row
    ]


def _build_alert(row: RowFields, text: str, place: int, status: Status | None) -> Alert:
    code = ALERT_CODES.get(row.get("code", "").casefold())
    severity = _find_label(row.get("severity"), labels.SEVERITY.values())
    training = _find_label(row.get("training"), labels.TRAINING.values())
    return Alert(
        index=_parse_number(row, "index") or place,
        unit=_UNIT,
        code=code,
        name=alert_codes.code_name(code),
        low_confidence=alert_codes.is_draft(code),
        group=_find_label(row.get("group"), labels.ALERT_GROUP.values()),
        group_index=_parse_number(row, "groupindex"),
        location=_parse_number(row, "location"),
        severity=severity,
        training=training,
        text=text,
        ticks=_parse_number(row, "time"),
        kind=_classify_row(code, severity, training, text, status),
    )


def _classify_row(
    code: int | None, severity: str | None, training: str | None, text: str, status: Status | None
) -> AlertKind:
    """Classify as in the MIB, but a row without a code or severity is no condition: the state reasons are for
    that, and some firmware keeps a log of past events here."""
    if code in UNSPECIFIC_CODES and severity in {None, "other"}:
        return AlertKind.STATE if is_resting_text(text) else AlertKind.EVENT
    return classify_alert(code, severity=severity, training=training, text=text, status=status)


def build_supplies(attributes: Attributes) -> list[Supply]:
    """Build supplies of printer-supply and printer-supply-description, by position."""
    said = list_texts(attributes.get("printer-supply-description", ()))
    rows = [parse_fields(row) for row in attributes.get("printer-supply", ())]
    padded = [*said, *[""] * len(rows)]
    return [
        _build_supply(row, text, place)
        for place, (row, text) in enumerate(zip(rows, padded, strict=False), start=1)
        if row.keys() - {"code"}
    ]


def _build_supply(row: RowFields, text: str, place: int) -> Supply:
    kind = {"supplythatisconsumed": "consumed", "receptaclethatisfilled": "receptacle"}
    type_ = _find_label(row.get("type"), labels.SUPPLY_TYPE.values())
    found = find_supply_ids(text)
    colorant = row.get("colorantname", "")
    return Supply(
        index=f"{_UNIT}.{_parse_number(row, 'index') or place}",
        type=type_,
        kind=kind.get(row.get("class", "").casefold())
        or ("receptacle" if type_ in RECEPTACLE_TYPES else None),
        colour=detect_colour(text, colorant, coloured=type_ in COLOURED_TYPES),
        level=_parse_amount(row, "level"),
        max=_parse_amount(row, "maxcapacity"),
        unit=_find_label(row.get("unit"), labels.SUPPLY_UNIT.values()),
        description=text,
        part_number=found.part_number,
        serial=found.serial,
        marker=_parse_number(row, "markerindex"),
        source="ipp:printer-supply",
    )


def build_trays(rows: Sequence[object], types: labels.Labels, level: str) -> tuple[Tray, ...]:
    """Build trays of printer-input-tray or -output-tray; `level` is the key of the amount or room left."""
    found = ((place, parse_fields(row)) for place, row in enumerate(rows, start=1))
    return tuple(
        Tray(
            index=f"{_UNIT}.{_parse_number(row, 'index') or place}",
            name=row.get("name", ""),
            level=_parse_amount(row, level),
            max=_parse_amount(row, "maxcapacity"),
            unit=_find_label(row.get("unit"), labels.CAPACITY_UNIT.values()) or "sheets",
            status=_parse_number(row, "status"),
            media=row.get("media") or row.get("medianame") or None,
            type=_find_label(row.get("type"), types.values()),
        )
        for place, row in found
        if row.keys() - {"code"}
    )


def _find_label(word: str | None, labels: Iterable[str]) -> str | None:
    """Find the label equal to `word`, ignoring case."""
    return next((label for label in labels if word and label.casefold() == word.casefold()), None)


def _parse_number(row: RowFields, key: str) -> int | None:
    try:
        return int(row[key])
    except (KeyError, ValueError):
        return None


def _parse_amount(row: RowFields, key: str) -> Amount:
    return decode_amount(_parse_number(row, key))


def decode_amount(number: int | None) -> Amount:
    """Decode a level or capacity; -1, -2 and -3 mean the same as in the MIB."""
    if number is None or 0 <= number < MAX_LEVEL:
        return number
    return Vague.from_raw(number) or Vague.UNKNOWN
