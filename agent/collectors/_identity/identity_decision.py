"""Decides the identity of a printer from all the evidence. Pure: evidence in, identity out.

    vendor     the name on the lid (sysDescr, 1284 id, hrDeviceDescr), else the maker of the firmware
    model      a better pattern of the profile, hrDeviceDescr, 1284 id, private objects, names, sysDescr
    serial     prtGeneralSerialNumber, private objects, entPhysicalSerialNum, 1284 id, sysDescr
    firmware   private objects, sysDescr
    printer?   an hrDevicePrinter row or Printer MIB tables: yes; other devices only: no; else by name

Each answer comes with the OID it is from.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.collectors._identity import model_names, serial_numbers
from agent.collectors._identity.ieee1284 import DeviceId
from agent.collectors._vendor.vendor_profiles import Profile, ProfileRow, Profiles
from agent.core.model import Identity
from agent.core.text import drop_placeholder

NETWORK_CARD = re.compile(r"HP ETHERNET MULTI-ENVIRONMENT|JETDIRECT", re.IGNORECASE)
"""sysDescr of a network card used in printers of many makers: it does not name the vendor."""

_FIRMWARE = re.compile(  # in words that any maker may use
    r"\b(?:firmware|f/?w)\b[\s:]*(?:version|ver|revision|rev)?\b[.:\s]*(v?\d[\w.-]*)", re.IGNORECASE
)
_PRINTER_WORDS = re.compile(
    r"\b(?:print(?:er|ing|server)?|laser ?jet\w*|mfp|multifunction|copier|drucker|imprimante)\b",
    re.IGNORECASE,
)
_OTHER_WORDS = re.compile(
    r"\b(?:scanner|scan server|projector|camera|switch|router|firewall|ups|access point|storage|phone"
    r"|rfid)\b",
    re.IGNORECASE,
)


_COMPUTERS = re.compile(r"1\.3\.6\.1\.4\.1\.(?:311\.1\.1|8072\.3\.2|2021\.250|42\.2\.1|63\.250)\b")
"""sysObjectID of Windows, of the systems that net-snmp names, of Solaris and macOS."""

_SYSTEMS = re.compile(
    r"\bWindows (?:Version|NT)\b|^(?:Linux|Darwin|FreeBSD|SunOS|AIX) \S+ \S*\d+\.\d+", re.MULTILINE
)


class SourcedText(NamedTuple):
    """A text and its source: an OID or an IPP attribute."""

    text: str
    source: bytes


NO_TEXT = SourcedText("", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEvidence:
    """The values that may identify a printer. Some of them are about its network card or another part."""

    sys_descr: SourcedText = NO_TEXT
    object_id: str = ""  # sysObjectID, dotted
    device_object_id: str = ""  # hrDeviceID, dotted
    device_descr: SourcedText = NO_TEXT  # hrDeviceDescr of the printer
    printer_name: SourcedText = NO_TEXT  # prtGeneralPrinterName
    general_serial: SourcedText = NO_TEXT  # prtGeneralSerialNumber
    entity_serial: SourcedText = NO_TEXT  # entPhysicalSerialNum
    device_ids: tuple[tuple[DeviceId, bytes], ...] = ()
    private: tuple[
        tuple[ProfileRow, SourcedText], ...
    ] = ()  # answered rows of the fitting profiles, in order
    macs: tuple[bytes, ...] = ()
    sys_name: str = ""
    location: str = ""
    devices: bool = False  # hrDeviceTable has rows with a type
    mib_rows: bool = False  # a row of a Printer MIB table
    printer_rows: bool = False  # an hrDevicePrinter row, or any row of a Printer MIB table


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """The decision: the identity, and the source of each of its fields."""

    identity: Identity
    sources: dict[str, bytes] = field(default_factory=dict)


def decide_identity(evidence: IdentityEvidence, profiles: Profiles) -> IdentityDecision:
    """Decide the identity by the `evidence`."""
    vendor = detect_vendor(evidence, profiles)
    fitting = select_profiles(evidence, profiles, vendor)
    matches = [*_match_descriptions(evidence, fitting)]
    serial = _first_text(
        (serial_numbers.clean_serial(one.text, vendor) or "", one.source)
        for one in _serial_candidates(evidence, matches)
    )
    brands = profiles.brand_patterns(vendor)
    candidates = _model_candidates(evidence, matches)
    model = _first_text(
        (model_names.clean_model(one.text, brands, serial.text), one.source) for one in candidates
    )
    firmware = _first_text(_firmware_candidates(evidence, matches))
    identity = Identity(
        vendor=vendor,
        model=model.text or None,
        serial=serial.text or None,
        firmware=firmware.text or None,
        mac=serial_numbers.pick_mac(evidence.macs),
        is_printer=_is_printer(evidence, profiles, vendor),
        name=drop_placeholder(evidence.printer_name.text) or drop_placeholder(evidence.sys_name) or None,
        location=drop_placeholder(evidence.location) or None,
        object_id=evidence.object_id or None,
        description=evidence.sys_descr.text or None,
        profiles=tuple(profile.file for profile in fitting),
    )
    found = {"model": model.source, "serial": serial.source, "firmware": firmware.source}
    return IdentityDecision(identity, {name: source for name, source in found.items() if source})


def detect_vendor(evidence: IdentityEvidence, profiles: Profiles) -> str | None:
    """Find the maker by its name, by a model that only it makes, by the enterprise number of the firmware."""
    texts = list(_brand_texts(evidence))
    for text in texts:
        if brand := profiles.find_brand(text):
            return brand
    for text in texts:
        if vendor := profiles.find_family_vendor(text):
            return vendor
    for number in (parse_enterprise(evidence.object_id), parse_enterprise(evidence.device_object_id)):
        for profile in profiles.find_by_enterprise(number):
            return profile.vendor
    return profiles.find_brand(evidence.sys_descr.text)


def _brand_texts(evidence: IdentityEvidence) -> Iterator[str]:
    if not NETWORK_CARD.search(evidence.sys_descr.text):
        yield evidence.sys_descr.text
    for device_id, _ in evidence.device_ids:
        yield device_id.maker
    yield evidence.device_descr.text
    for device_id, _ in evidence.device_ids:
        yield f"{device_id.describes} {device_id.model}"
    for row, answer in evidence.private:
        if row.field == "model":
            yield answer.text
    yield evidence.printer_name.text


def parse_enterprise(object_id: str) -> int | None:
    """Parse the number after 1.3.6.1.4.1."""
    prefix = "1.3.6.1.4.1."
    number = object_id.removeprefix(prefix).partition(".")[0]
    return int(number) if object_id.startswith(prefix) and number.isdigit() else None


def select_profiles(evidence: IdentityEvidence, profiles: Profiles, vendor: str | None) -> list[Profile]:
    """Select the profiles whose rows and patterns apply: the vendor's, then the firmware maker's."""
    found = profiles.find_by_vendor(vendor)
    for object_id in (evidence.object_id, evidence.device_object_id):
        found += [one for one in profiles.find_by_enterprise(parse_enterprise(object_id)) if one not in found]
    return found


class _DescriptionMatch(NamedTuple):
    """One value found in sysDescr by a pattern of a profile."""

    field: str
    value: SourcedText
    first: bool


def _match_descriptions(evidence: IdentityEvidence, fitting: list[Profile]) -> Iterator[_DescriptionMatch]:
    for profile in fitting:
        for describes in profile.describes:
            if found := re.search(describes.pattern, evidence.sys_descr.text):
                for name, text in found.groupdict().items():
                    if text:
                        yield _DescriptionMatch(
                            name, SourcedText(text.strip(), evidence.sys_descr.source), describes.first
                        )


def _private_values(evidence: IdentityEvidence, what: str) -> Iterator[SourcedText]:
    for row, answer in evidence.private:
        if row.field == what and (value := row.extract_value(answer.text)):
            yield SourcedText(value, answer.source)


def _model_candidates(evidence: IdentityEvidence, matches: list[_DescriptionMatch]) -> Iterator[SourcedText]:
    yield from (one.value for one in matches if one.field == "model" and one.first)
    if not model_names.GENERIC_NAME.fullmatch(evidence.device_descr.text):
        yield evidence.device_descr
    yield from (SourcedText(device_id.model, source) for device_id, source in evidence.device_ids)
    yield from _private_values(evidence, "model")
    if not model_names.is_generic_name(evidence.printer_name.text):
        yield evidence.printer_name
    yield from (one.value for one in matches if one.field == "model")
    if not model_names.NETWORK_CARD_PREFIX.match(evidence.sys_descr.text):
        yield SourcedText(re.split(r"[;,]", evidence.sys_descr.text)[0], evidence.sys_descr.source)


def _serial_candidates(evidence: IdentityEvidence, matches: list[_DescriptionMatch]) -> Iterator[SourcedText]:
    yield evidence.general_serial
    yield from _private_values(evidence, "serial")
    yield evidence.entity_serial
    yield from (SourcedText(device_id.serial, source) for device_id, source in evidence.device_ids)
    yield from (one.value for one in matches if one.field == "serial")


def _firmware_candidates(
    evidence: IdentityEvidence, matches: list[_DescriptionMatch]
) -> Iterator[SourcedText]:
    yield from _private_values(evidence, "firmware")
    yield from (one.value for one in matches if one.field == "firmware")
    if found := _FIRMWARE.search(evidence.sys_descr.text):
        yield SourcedText(found[1].rstrip("."), evidence.sys_descr.source)


def _first_text(found: Iterable[tuple[str, bytes]]) -> SourcedText:
    return next((SourcedText(text, source) for text, source in found if drop_placeholder(text)), NO_TEXT)


def _is_computer(evidence: IdentityEvidence) -> bool:
    """Report an operating system that lists its print queues as printers (hrDevicePrinter)."""
    return bool(_COMPUTERS.match(evidence.object_id) or _SYSTEMS.search(evidence.sys_descr.text))


def _is_printer(evidence: IdentityEvidence, profiles: Profiles, vendor: str | None) -> bool | None:
    """Tell if it is a printer: by its devices (hrDeviceType, RFC 2790), else by its names."""
    if evidence.printer_rows:
        return evidence.mib_rows or not _is_computer(evidence)
    branch = profiles.is_printer(evidence.object_id)
    prints, other = (
        _PRINTER_WORDS.search(evidence.sys_descr.text),
        _OTHER_WORDS.search(evidence.sys_descr.text),
    )
    if branch and (prints or not other):
        return True
    if evidence.devices or branch is False:
        return False
    if any(device_id.is_printer for device_id, _ in evidence.device_ids):
        return True
    if prints or (not other and any(one.prints_only for one in profiles.find_by_vendor(vendor))):
        return True
    number = parse_enterprise(evidence.object_id)
    stranger = number is not None and vendor is None and not profiles.find_by_enterprise(number)
    return False if stranger or other else None
