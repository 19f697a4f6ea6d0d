"""A printer's IPP attributes as the parts of a `Snapshot`. Pure: attributes in, records out.

Levels and alerts come in three dialects: the PWG's own (printer-supply, printer-alert), the older marker-*
lists of CUPS and Apple, and reasons without rows. Each supply takes its level from the dialect that has one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from agent.collectors import _supply_levels
from agent.collectors._identity import ieee1284, serial_numbers
from agent.collectors._identity.identity_decision import IdentityEvidence, SourcedText, decide_identity
from agent.collectors._ipp import row_strings, state_reasons
from agent.collectors._ipp.codec import Attributes, IppValue
from agent.collectors._ipp.row_strings import decode_amount, list_texts
from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.supply_table import COLOURED_TYPES
from agent.collectors._vendor.part_numbers import find_supply_ids
from agent.collectors._vendor.supply_colours import detect_colour
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.core.model import RECEPTACLE_TYPES, Alert, Identity, Meter, Status, Supply
from agent.core.text import drop_placeholder

REQUESTED_ATTRIBUTES = (
    "printer-name", "printer-dns-sd-name", "printer-make-and-model", "printer-device-id", "printer-uuid",
    "device-uuid", "printer-serial-number", "printer-firmware-name", "printer-firmware-string-version",
    "printer-location", "printer-state", "printer-state-reasons", "printer-state-message",
    "printer-is-accepting-jobs", "printer-up-time", "printer-alert", "printer-alert-description",
    "printer-supply", "printer-supply-description", "marker-names", "marker-types", "marker-colors",
    "marker-levels", "marker-high-levels", "marker-low-levels", "marker-message", "printer-input-tray",
    "printer-output-tray", "printer-impressions-completed", "printer-impressions-completed-col",
    "printer-pages-completed", "printer-pages-completed-col", "printer-media-sheets-completed",
    "printer-media-sheets-completed-col", "ipp-versions-supported",
)  # fmt: skip
"""Requested by name: a request for all attributes is slow, and breaks some firmware."""

_HEX_COLOURS = {
    "#000000": "black", "#00FFFF": "cyan", "#FF00FF": "magenta", "#FFFF00": "yellow", "#808080": "grey",
    "#C0C0C0": "grey", "#FF0000": "red", "#00FF00": "green", "#008000": "green", "#0000FF": "blue",
    "#FFA500": "orange", "#FFFFFF": "white", "#E0FFFF": "light cyan", "#FFB6C1": "light magenta",
}  # fmt: skip
_COUNTERS = {
    "printer-impressions-completed": ("total", "impressions"),
    "printer-pages-completed": ("pages", "images"),
    "printer-media-sheets-completed": ("sheets", "sheets"),
}
_SPLITS = {  # members of the -col attributes (PWG 5100.22)
    "monochrome": ("mono", None),
    "monochrome-two-sided": ("mono", "two-sided"),
    "full-color": ("colour", None),
    "full-color-two-sided": ("colour", "two-sided"),
    "highlight-color": ("two_colour", None),
    "blank": ("blank", None),
}


_MAIN_FIRMWARE = re.compile(
    r"firmware|system|main|base|controller|printer|device|bundle|package|code", re.IGNORECASE
)
_PART_FIRMWARE = re.compile(
    r"\bipp\b|air ?print|fax|network|\bnic\b|engine|panel|scan|boot|option|tray|font|\bpdf\b|interface|usb"
    r"|wi-?fi|wireless|bluetooth|finisher|feeder|modem|language|loader|kernel|mechan",
    re.IGNORECASE,
)


def build_snapshot_parts(attributes: Attributes, profiles: Profiles, problems: list[str]) -> dict[str, Any]:
    """Build the parts of a snapshot from the attributes; a part is None where they are missing."""
    status = _build_status(attributes)
    identity, sources = _build_identity(attributes, profiles)
    supplies = _build_supplies(attributes, problems)
    up = _first_integer(attributes, "printer-up-time")
    return {
        "identity": identity,
        "status": status,
        "alerts": _build_alerts(attributes, status),
        "supplies": supplies,
        "inputs": _build_trays(attributes, "printer-input-tray", labels.INPUT_TYPE, "level"),
        "outputs": _build_trays(attributes, "printer-output-tray", labels.OUTPUT_TYPE, "remaining"),
        "meters": tuple(_build_meters(attributes)) or None,
        "uptime": up * 100 if up is not None and up >= 0 else None,
        "sources": {**sources, **_list_sources(attributes, supplies or ())},
    }


def _first_text(attributes: Attributes, *names: str) -> str:
    """Find the first text that any of these attributes has."""
    return next((text for name in names for text in list_texts(attributes.get(name, ())) if text), "")


def _first_integer(attributes: Attributes, name: str) -> int | None:
    return next((value for value in attributes.get(name, ()) if type(value) is int), None)


def _build_status(attributes: Attributes) -> Status | None:
    said = attributes.get("printer-state-reasons")
    return state_reasons.build_status(
        _first_integer(attributes, "printer-state"),
        state_reasons.parse_reasons(said) if said is not None else None,
        _first_text(attributes, "printer-state-message"),
    )


def _build_identity(attributes: Attributes, profiles: Profiles) -> tuple[Identity, dict[str, str]]:
    """Decide the identity by the same rules as for SNMP; the sources are attributes."""

    def source_text(name: str) -> SourcedText:
        return SourcedText(_first_text(attributes, name), f"ipp:{name}".encode())

    device_id = ieee1284.parse(source_text("printer-device-id").text)
    evidence = IdentityEvidence(
        device_descr=source_text("printer-make-and-model"),
        general_serial=source_text("printer-serial-number"),
        device_ids=((device_id, b"ipp:printer-device-id"),) if device_id else (),
        sys_name=_first_text(attributes, "printer-dns-sd-name", "printer-name"),
        location=_first_text(attributes, "printer-location"),
        printer_rows=True,
    )
    decision = decide_identity(evidence, profiles)
    sources = {f"identity.{name}": raw.decode() for name, raw in decision.sources.items()}
    firmware = choose_firmware(
        list_texts(attributes.get("printer-firmware-name", ())),
        list_texts(attributes.get("printer-firmware-string-version", ())),
    )
    uuids = {
        name: serial_numbers.clean_uuid(_first_text(attributes, name))
        for name in ("printer-uuid", "device-uuid")
    }
    origin, uuid = next(((name, uuid) for name, uuid in uuids.items() if uuid), ("", None))
    if firmware:
        sources["identity.firmware"] = "ipp:printer-firmware-string-version"
    if uuid:
        sources["identity.uuid"] = f"ipp:{origin}"
    return replace(decision.identity, firmware=firmware or None, uuid=uuid), sources


def choose_firmware(names: list[str], versions: list[str]) -> str:
    """Choose the version of the printer itself among its parts'; each belongs to the name beside it."""
    known = [version for version in versions if drop_placeholder(version)]
    if len(names) == len(versions):
        pairs = [pair for pair in zip(names, versions, strict=True) if drop_placeholder(pair[1])]
        own = [version for name, version in pairs if not _PART_FIRMWARE.search(name)]
        main = [
            version
            for name, version in pairs
            if _MAIN_FIRMWARE.search(name) and not _PART_FIRMWARE.search(name)
        ]
        known = main or own or known
    return next(iter(known), "")


def _build_alerts(attributes: Attributes, status: Status | None) -> tuple[Alert, ...] | None:
    """Build the rows of printer-alert, and those state reasons that no row has the code of."""
    said = attributes.get("printer-state-reasons")
    if said is None and "printer-alert" not in attributes:
        return None
    rows = row_strings.build_alerts(attributes, status)
    coded = {row.code for row in rows}
    highest = max((row.index for row in rows), default=0)
    more = [
        row
        for row in state_reasons.build_alerts(state_reasons.parse_reasons(said or ()), status)
        if row.code not in coded
    ]
    return (*rows, *(replace(row, index=highest + row.index) for row in more))


def _build_supplies(attributes: Attributes, problems: list[str]) -> tuple[Supply, ...] | None:
    """Build the supplies, each with the level of the dialect that has a number."""
    markers: tuple[Supply, ...] = ()
    if {"marker-names", "marker-levels"} & attributes.keys():
        markers = tuple(_build_marker_supplies(attributes, problems))
    if not any(attributes.get("printer-supply", ())):
        known = "marker-names" in attributes or "marker-levels" in attributes
        return markers if known else None
    rows = tuple(_fill_names(row_strings.build_supplies(attributes), attributes))
    return _supply_levels.replace_supplies(rows, _supply_levels.fill_from_supplies(rows, markers))


def _fill_names(supplies: list[Supply], attributes: Attributes) -> Iterator[Supply]:
    """Give a supply without a description the marker-name at its position, if both lists have one length."""
    names = list_texts(attributes.get("marker-names", ()))
    for place, supply in enumerate(supplies):
        fits = len(names) == len(supplies) and not supply.description
        yield replace(supply, description=names[place]) if fits else supply


def _build_marker_supplies(attributes: Attributes, problems: list[str]) -> Iterator[Supply]:
    """Build supplies of the marker-* lists, side by side; a row needs both name and level."""
    columns = {name: attributes.get(f"marker-{name}", ()) for name in ("names", "levels", "types", "colors")}
    lengths = {name: len(column) for name, column in columns.items() if column}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{count} marker-{name}" for name, count in lengths.items())
        problems.append(
            f"the lists of supplies differ in length: {counted}; what has no name or level is left out"
        )
    rows = min(len(columns["names"]), len(columns["levels"]))
    for place, row in enumerate(zip_longest(*columns.values()), start=1):
        if place > rows:
            return
        yield _build_marker_supply(place, *row)


def _build_marker_supply(
    place: int, name: IppValue, level: IppValue, type_: IppValue, colour: IppValue
) -> Supply:
    said = name if isinstance(name, str) else ""
    kind = _supply_type(type_)
    found = find_supply_ids(said)
    return Supply(
        index=f"1.{place}",
        type=kind,
        kind="receptacle" if kind in RECEPTACLE_TYPES else "consumed",
        colour=detect_colour(said, _colour_word(colour), coloured=kind in COLOURED_TYPES),
        level=decode_amount(level if type(level) is int else None),
        max=100,
        unit="percent",
        description=said,
        part_number=found.part_number,
        serial=found.serial,
        source="ipp:marker-levels",
    )


def _supply_type(said: IppValue) -> str | None:
    """Find the MIB's label of a hyphenated keyword: "waste-toner" is wasteToner."""
    plain = said.replace("-", "").casefold() if isinstance(said, str) else ""
    return next((label for label in labels.SUPPLY_TYPE.values() if label.casefold() == plain), None)


def _colour_word(said: IppValue) -> str:
    """Name the colour of "#00FFFF"; several in one string are one cartridge of several colours."""
    text = said.upper() if isinstance(said, str) else ""
    if text.count("#") > 1:
        return "tricolour"
    return _HEX_COLOURS.get(text, "" if text in {"NONE", ""} or text.startswith("#") else text)


def _build_trays(attributes: Attributes, name: str, types: labels.Labels, level: str) -> Any:
    rows = attributes.get(name)
    return None if rows is None else row_strings.build_trays(rows, types, level)


def _build_meters(attributes: Attributes) -> Iterator[Meter]:
    """Build the counters, and their splits where the printer has the -col attributes."""
    for name, (metric, unit) in _COUNTERS.items():
        count = _first_integer(attributes, name)
        if count is not None and count >= 0:
            yield Meter(name=metric, value=count, unit=unit, source=f"ipp:{name}")
        for collection in attributes.get(f"{name}-col", ()):
            if isinstance(collection, Mapping):
                yield from _build_split_meters(collection, f"{name}-col", metric, unit)


def _build_split_meters(
    collection: Mapping[str, Any], source: str, metric: str, unit: str
) -> Iterator[Meter]:
    for member, (split, part) in _SPLITS.items():
        value = next(iter(collection.get(member, ())), None)
        if type(value) is int and value >= 0:
            of = None if metric == "total" else metric
            named = " ".join(filter(None, (of, part))) or None
            yield Meter(name=split, value=value, unit=unit, part=named, source=f"ipp:{source}.{member}")


def _list_sources(attributes: Attributes, supplies: Iterable[Supply]) -> dict[str, str]:
    """List the attribute that each part is from."""
    alerts = "printer-alert" if "printer-alert" in attributes else "printer-state-reasons"
    named = {
        "status.printer": "printer-state", "status.errors": "printer-state-reasons", "alerts": alerts,
        "status.console": "printer-state-message", "inputs": "printer-input-tray",
        "outputs": "printer-output-tray", "status.uptime": "printer-up-time",
    }  # fmt: skip
    found = {part: f"ipp:{name}" for part, name in named.items() if name in attributes}
    return found | {f"supplies.{one.index}.level": one.level_source for one in supplies}
