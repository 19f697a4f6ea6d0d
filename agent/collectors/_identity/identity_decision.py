"""Who a printer is, decided from everything it says about itself. Pure: clues in, identity out.

    vendor     the name on the lid (sysDescr, 1284 id, hrDeviceDescr), else whose firmware it is
    model      what the profile knows better, hrDeviceDescr, 1284 id, private objects, names, sysDescr
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

NETWORK_CARD = re.compile(r"HP ETHERNET MULTI-ENVIRONMENT|JETDIRECT", re.IGNORECASE)
"""sysDescr of a card that stands in printers of many makers: no word on the lid."""

_FIRMWARE = re.compile(  # in words that any firmware may use
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


class SourcedText(NamedTuple):
    """A text and where it is from."""

    text: str
    source: bytes


NO_TEXT = SourcedText("", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEvidence:
    """What was read. A printer says most of it in its own words, and some of it about another part."""

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
    printer_rows: bool = False  # an hrDevicePrinter row, or any row of a Printer MIB table


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """The decision: the identity, and the source of each of its fields."""

    identity: Identity
    sources: dict[str, bytes] = field(default_factory=dict)


def decide_identity(clues: IdentityEvidence, profiles: Profiles) -> IdentityDecision:
    """The identity that `clues` tell."""
    vendor = detect_vendor(clues, profiles)
    fitting = select_profiles(clues, profiles, vendor)
    told = [*_match_descriptions(clues, fitting)]
    serial = _first_text(
        (serial_numbers.clean_serial(said.text) or "", said.source)
        for said in _serial_candidates(clues, told)
    )
    brands = profiles.brand_patterns(vendor)
    called = _model_candidates(clues, told)
    model = _first_text(
        (model_names.clean_model(said.text, brands, serial.text), said.source) for said in called
    )
    firmware = _first_text(_firmware_candidates(clues, told))
    identity = Identity(
        vendor=vendor,
        model=model.text or None,
        serial=serial.text or None,
        firmware=firmware.text or None,
        mac=serial_numbers.pick_mac(clues.macs),
        is_printer=_is_printer(clues, profiles, vendor),
        name=clues.printer_name.text or clues.sys_name or None,
        location=clues.location or None,
        object_id=clues.object_id or None,
        description=clues.sys_descr.text or None,
        profiles=tuple(profile.file for profile in fitting),
    )
    found = {"model": model.source, "serial": serial.source, "firmware": firmware.source}
    return IdentityDecision(identity, {name: source for name, source in found.items() if source})


def detect_vendor(clues: IdentityEvidence, profiles: Profiles) -> str | None:
    """The maker by name; by its models; by the number of its firmware."""
    texts = list(_brand_texts(clues))
    for text in texts:
        if brand := profiles.find_brand(text):
            return brand
    for text in texts:
        if vendor := profiles.find_family_vendor(text):
            return vendor
    for number in (parse_enterprise(clues.object_id), parse_enterprise(clues.device_object_id)):
        for profile in profiles.find_by_enterprise(number):
            return profile.vendor
    return profiles.find_brand(clues.sys_descr.text)


def _brand_texts(clues: IdentityEvidence) -> Iterator[str]:
    if not NETWORK_CARD.search(clues.sys_descr.text):
        yield clues.sys_descr.text
    for device_id, _ in clues.device_ids:
        yield device_id.maker
    yield clues.device_descr.text
    for device_id, _ in clues.device_ids:
        yield f"{device_id.describes} {device_id.model}"
    for row, said in clues.private:
        if row.field == "model":
            yield said.text
    yield clues.printer_name.text


def parse_enterprise(object_id: str) -> int | None:
    """The number after 1.3.6.1.4.1."""
    prefix = "1.3.6.1.4.1."
    number = object_id.removeprefix(prefix).partition(".")[0]
    return int(number) if object_id.startswith(prefix) and number.isdigit() else None


def select_profiles(clues: IdentityEvidence, profiles: Profiles, vendor: str | None) -> list[Profile]:
    """The profiles whose rows and patterns apply: the vendor's, then the firmware's maker's."""
    found = profiles.find_by_vendor(vendor)
    for object_id in (clues.object_id, clues.device_object_id):
        found += [one for one in profiles.find_by_enterprise(parse_enterprise(object_id)) if one not in found]
    return found


class _DescriptionMatch(NamedTuple):
    """One thing that sysDescr tells by a pattern of a profile."""

    field: str
    value: SourcedText
    first: bool


def _match_descriptions(clues: IdentityEvidence, fitting: list[Profile]) -> Iterator[_DescriptionMatch]:
    for profile in fitting:
        for describes in profile.describes:
            if found := re.search(describes.pattern, clues.sys_descr.text):
                for name, text in found.groupdict().items():
                    if text:
                        yield _DescriptionMatch(
                            name, SourcedText(text.strip(), clues.sys_descr.source), describes.first
                        )


def _private_values(clues: IdentityEvidence, what: str) -> Iterator[SourcedText]:
    for row, said in clues.private:
        if row.field == what and (value := row.extract_value(said.text)):
            yield SourcedText(value, said.source)


def _model_candidates(clues: IdentityEvidence, told: list[_DescriptionMatch]) -> Iterator[SourcedText]:
    yield from (one.value for one in told if one.field == "model" and one.first)
    if not model_names.GENERIC_NAME.fullmatch(clues.device_descr.text):
        yield clues.device_descr
    yield from (SourcedText(device_id.model, source) for device_id, source in clues.device_ids)
    yield from _private_values(clues, "model")
    if not model_names.is_generic_name(clues.printer_name.text):
        yield clues.printer_name
    yield from (one.value for one in told if one.field == "model")
    if not model_names.NETWORK_CARD_PREFIX.match(clues.sys_descr.text):
        yield SourcedText(re.split(r"[;,]", clues.sys_descr.text)[0], clues.sys_descr.source)


def _serial_candidates(clues: IdentityEvidence, told: list[_DescriptionMatch]) -> Iterator[SourcedText]:
    yield clues.general_serial
    yield from _private_values(clues, "serial")
    yield clues.entity_serial
    yield from (SourcedText(device_id.serial, source) for device_id, source in clues.device_ids)
    yield from (one.value for one in told if one.field == "serial")


def _firmware_candidates(clues: IdentityEvidence, told: list[_DescriptionMatch]) -> Iterator[SourcedText]:
    yield from _private_values(clues, "firmware")
    yield from (one.value for one in told if one.field == "firmware")
    if found := _FIRMWARE.search(clues.sys_descr.text):
        yield SourcedText(found[1].rstrip("."), clues.sys_descr.source)


def _first_text(found: Iterable[tuple[str, bytes]]) -> SourcedText:
    return next((SourcedText(text, source) for text, source in found if text), NO_TEXT)


def _is_printer(clues: IdentityEvidence, profiles: Profiles, vendor: str | None) -> bool | None:
    """RFC 2790 names the printers among a host's devices (hrDeviceType); names alone may only suggest."""
    if clues.printer_rows:
        return True
    branch = profiles.is_printer(clues.object_id)
    prints, other = _PRINTER_WORDS.search(clues.sys_descr.text), _OTHER_WORDS.search(clues.sys_descr.text)
    if branch and (prints or not other):
        return True
    if clues.devices or branch is False:
        return False
    if any(device_id.is_printer for device_id, _ in clues.device_ids):
        return True
    if prints or (not other and any(one.prints_only for one in profiles.find_by_vendor(vendor))):
        return True
    number = parse_enterprise(clues.object_id)
    stranger = number is not None and vendor is None and not profiles.find_by_enterprise(number)
    return False if stranger or other else None
