"""Parse the TXT record of a printer's announcement (Bonjour Printing Specification 1.2.1, section 9).

AirPrint and Mopria add keys of their own. Unknown keys are kept as they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agent.core import text
from agent.core.model import Announcement, IppPlace, Sighting
from agent.discovery.methods import DiscoveryContext

_FLAGS = {"T": True, "F": False}  # "U": undefined
_KNOWN_KEYS = {
    "ty", "product", "usb_mfg", "usb_mdl", "uuid", "note", "adminurl", "rp", "pdl", "color", "duplex",
    "scan", "fax", "papermax", "kind", "tls", "air", "mac",
}  # fmt: skip


def without_queue(service_type: str, record: Mapping[bytes, bytes | None]) -> Mapping[bytes, bytes | None]:
    """Leave `rp` out of a record where it is no path: a queue of LPD, in `_printer._tcp`."""
    if service_type.lower().startswith(("_ipp.", "_ipps.")):
        return record
    return {key: value for key, value in record.items() if key.lower() != b"rp"}


def merge_records(records: Iterable[Mapping[bytes, bytes | None]]) -> dict[str, str]:
    """Merge the records of a printer's services: of each key the first value that is not empty.

    Keys are case-insensitive (RFC 6763, 6.4) and come out in lower case; values are cleaned.
    """
    merged: dict[str, str] = {}
    for record in records:
        for key, value in record.items():
            name = key.decode("ascii", "replace").lower()
            merged[name] = merged.get(name) or text.decode_octets(value or b"")
    return merged


def parse_announcement(record: Mapping[str, str]) -> Announcement:
    """Translate a record into the agent's vocabulary."""
    model = record.get("usb_mdl") and " ".join(filter(None, (record.get("usb_mfg"), record["usb_mdl"])))
    return Announcement(
        model=record.get("ty") or model or record.get("product", "").strip("()") or None,
        vendor=record.get("usb_mfg") or None,
        uuid=record.get("uuid", "").lower().removeprefix("urn:uuid:") or None,
        mac=_parse_mac(record.get("mac", "")),
        location=record.get("note") or None,
        admin_url=record.get("adminurl") or None,
        resource=record.get("rp") or None,
        formats=tuple(part.strip() for part in record.get("pdl", "").split(",") if part.strip()),
        colour=_parse_flag(record, "color"),
        duplex=_parse_flag(record, "duplex"),
        scans=_parse_flag(record, "scan"),
        faxes=_parse_flag(record, "fax"),
        paper_max=record.get("papermax") or None,
        kinds=tuple(part.strip() for part in record.get("kind", "").split(",") if part.strip()),
        tls=record.get("tls") or None,
        login=record.get("air") or None,
        more={key: value for key, value in record.items() if key not in _KNOWN_KEYS},
    )


def build_sighting(
    context: DiscoveryContext,
    via: str,
    host: str,
    record: Mapping[str, str],
    places: tuple[IppPlace, ...] = (),
) -> Sighting:
    """Build the sighting of the printer announced at `host` by the way `via`; `record` is its TXT record,
    `places` is where it answers IPP."""
    announced = replace(parse_announcement(record), ipp=places)
    return Sighting(
        address=context.policy.snmp_address(host),
        via=via,
        at=context.clock.now(),
        is_printer=True,
        model=announced.model,
        mac=announced.mac,
        uuid=announced.uuid,
        announced=announced,
    )


def _parse_mac(written: str) -> str | None:
    """Return the MAC as twelve lower-case hex digits; some makers announce it."""
    digits = written.lower().replace(":", "").replace("-", "")
    return digits if len(digits) == 12 and set(digits) <= set("0123456789abcdef") else None


def _parse_flag(record: Mapping[str, str], key: str) -> bool | None:
    return _FLAGS.get(record.get(key, "").upper())
