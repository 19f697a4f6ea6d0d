"""The `key=value;` strings of IPP: printer-alert (PWG 5100.9), printer-supply and the trays (PWG 5100.13).

    code=coverOpen;index=12;severity=critical;group=cover;groupindex=1;location=-2;time=12345
    type=toner;maxcapacity=100;level=80;class=supplyThatIsConsumed;unit=percent;colorantname=black;
    type=sheetFeedAutoNonRemovableTray;maxcapacity=250;level=-3;status=19;name=Cassette 1;

Keys are the labels of the Printer MIB. Unknown ones are passed over, missing ones allowed, of a
repeated one the first counts; a bare word is the code, and tells of no supply or tray.
"""

from collections.abc import Iterable, Sequence

from agent.collectors._ipp.codec import Attributes, Values
from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.alert_kinds import WORDLESS, kind_of, says_rest
from agent.collectors._printer_mib.supply_table import COLOURED
from agent.collectors._vendor.part_numbers import marks
from agent.collectors._vendor.supply_colours import colour_of
from agent.core import alert_codes
from agent.core.model import Alert, AlertKind, Amount, Status, Supply, Tray, Vague
from agent.core.text import clean

CODES = {name.casefold(): code for code, name in reversed([*alert_codes.NAMES.items()])}
_UNIT = 1  # IPP speaks of one printer: the place that hrDeviceIndex has in the rows of the MIB

Fields = dict[str, str]


def fields(row: object) -> Fields:
    """The pairs of one row, keys in lower case."""
    text = row.decode("ascii", "replace") if isinstance(row, bytes) else str(row)
    found: Fields = {}
    for part in text.strip("\0 ").split(";"):
        key, equals, value = part.partition("=")
        if part.strip():
            pair = (key, value) if equals else ("code", part)
            found.setdefault(pair[0].strip().casefold(), clean(pair[1]))
    return found


def texts(values: Values) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values]


def alerts(attributes: Attributes, status: Status | None) -> list[Alert]:
    """printer-alert with printer-alert-description, by place. The two lists need not be equally long."""
    rows = [fields(row) for row in attributes.get("printer-alert", ())]
    said = texts(attributes.get("printer-alert-description", ()))
    padded = [*said, *[""] * len(rows)]
    return [
        _alert(row, text, place, status)
        for place, (row, text) in enumerate(zip(rows, padded, strict=False), start=1)
        if row
    ]


def _alert(row: Fields, text: str, place: int, status: Status | None) -> Alert:
    code = CODES.get(row.get("code", "").casefold())
    severity = _known(row.get("severity"), labels.SEVERITY.values())
    training = _known(row.get("training"), labels.TRAINING.values())
    return Alert(
        index=_number(row, "index") or place,
        unit=_UNIT,
        code=code,
        name=alert_codes.name(code),
        low_confidence=alert_codes.is_draft(code),
        group=_known(row.get("group"), labels.ALERT_GROUP.values()),
        group_index=_number(row, "groupindex"),
        location=_number(row, "location"),
        severity=severity,
        training=training,
        text=text,
        ticks=_number(row, "time"),
        kind=_kind(code, severity, training, text, status),
    )


def _kind(
    code: int | None, severity: str | None, training: str | None, text: str, status: Status | None
) -> AlertKind:
    """As in the MIB, but a row without a code or severity is no condition: that is what the state reasons
    are for, and some firmware keeps a log of what has long passed in here."""
    if code in WORDLESS and severity in {None, "other"}:
        return AlertKind.STATE if says_rest(text) else AlertKind.EVENT
    return kind_of(code, severity=severity, training=training, text=text, status=status)


def supplies(attributes: Attributes) -> list[Supply]:
    """printer-supply with printer-supply-description, by place."""
    said = texts(attributes.get("printer-supply-description", ()))
    rows = [fields(row) for row in attributes.get("printer-supply", ())]
    padded = [*said, *[""] * len(rows)]
    return [
        _supply(row, text, place)
        for place, (row, text) in enumerate(zip(rows, padded, strict=False), start=1)
        if row.keys() - {"code"}
    ]


def _supply(row: Fields, text: str, place: int) -> Supply:
    kind = {"supplythatisconsumed": "consumed", "receptaclethatisfilled": "receptacle"}
    type_ = _known(row.get("type"), labels.SUPPLY_TYPE.values())
    found = marks(text)
    colorant = row.get("colorantname", "")
    return Supply(
        index=f"{_UNIT}.{_number(row, 'index') or place}",
        type=type_,
        kind=kind.get(row.get("class", "").casefold())
        or ("receptacle" if type_ in labels.RECEPTACLES else None),
        colour=colour_of(text, colorant, coloured=type_ in COLOURED),
        level=_amount(row, "level"),
        max=_amount(row, "maxcapacity"),
        unit=_known(row.get("unit"), labels.SUPPLY_UNIT.values()),
        description=text,
        part_number=found.part_number,
        serial=found.serial,
        marker=_number(row, "markerindex"),
    )


def trays(rows: Sequence[object], types: labels.Labels, level: str) -> tuple[Tray, ...]:
    """printer-input-tray or printer-output-tray; `level` names the key of what, or what room, is left."""
    found = ((place, fields(row)) for place, row in enumerate(rows, start=1))
    return tuple(
        Tray(
            index=f"{_UNIT}.{_number(row, 'index') or place}",
            name=row.get("name", ""),
            level=_amount(row, level),
            max=_amount(row, "maxcapacity"),
            unit=_known(row.get("unit"), labels.CAPACITY_UNIT.values()) or "sheets",
            status=_number(row, "status"),
            media=row.get("media") or row.get("medianame") or None,
            type=_known(row.get("type"), types.values()),
        )
        for place, row in found
        if row.keys() - {"code"}
    )


def _known(word: str | None, labels: Iterable[str]) -> str | None:
    """The label that `word` is, whatever its case."""
    return next((label for label in labels if word and label.casefold() == word.casefold()), None)


def _number(row: Fields, key: str) -> int | None:
    try:
        return int(row[key])
    except (KeyError, ValueError):
        return None


def _amount(row: Fields, key: str) -> Amount:
    return amount(_number(row, key))


def amount(number: int | None) -> Amount:
    """A level or capacity, with the meanings of -1, -2 and -3 that the MIB has."""
    if number is None or number >= 0:
        return number
    return Vague.of(number) or Vague.UNKNOWN
