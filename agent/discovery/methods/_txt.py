"""What a printer announces of itself: the TXT record (Bonjour Printing Specification 1.2.1, section 9;
AirPrint and Mopria add keys of their own). Unknown keys are kept as they are.
"""

from collections.abc import Iterable, Mapping

from agent.core import text
from agent.core.model import Announcement

_FLAGS = {"T": True, "F": False}  # "U": undefined
_KNOWN_KEYS = {
    "ty", "product", "usb_mfg", "usb_mdl", "uuid", "note", "adminurl", "rp", "pdl", "color", "duplex",
    "scan", "fax", "papermax", "kind", "tls", "air", "mac",
}  # fmt: skip


def merge_records(records: Iterable[Mapping[bytes, bytes | None]]) -> dict[str, str]:
    """One record of several (a printer has one for each service): of each key the first that says something.

    Keys are case-insensitive (RFC 6763, 6.4) and come out in lower case; values are cleaned.
    """
    said: dict[str, str] = {}
    for record in records:
        for key, value in record.items():
            name = key.decode("ascii", "replace").lower()
            said[name] = said.get(name) or text.decode_octets(value or b"")
    return said


def parse_announcement(said: Mapping[str, str]) -> Announcement:
    """The record in our words."""
    model = said.get("usb_mdl") and " ".join(filter(None, (said.get("usb_mfg"), said["usb_mdl"])))
    return Announcement(
        model=said.get("ty") or model or said.get("product", "").strip("()") or None,
        vendor=said.get("usb_mfg") or None,
        uuid=said.get("uuid", "").lower().removeprefix("urn:uuid:") or None,
        mac=_parse_mac(said.get("mac", "")),
        location=said.get("note") or None,
        admin_url=said.get("adminurl") or None,
        resource=said.get("rp") or None,
        formats=tuple(part.strip() for part in said.get("pdl", "").split(",") if part.strip()),
        colour=_parse_flag(said, "color"),
        duplex=_parse_flag(said, "duplex"),
        scans=_parse_flag(said, "scan"),
        faxes=_parse_flag(said, "fax"),
        paper_max=said.get("papermax") or None,
        kinds=tuple(part.strip() for part in said.get("kind", "").split(",") if part.strip()),
        tls=said.get("tls") or None,
        login=said.get("air") or None,
        more={key: value for key, value in said.items() if key not in _KNOWN_KEYS},
    )


def _parse_mac(written: str) -> str | None:
    """Twelve lower-case hex digits; some makers announce their MAC."""
    digits = written.lower().replace(":", "").replace("-", "")
    return digits if len(digits) == 12 and set(digits) <= set("0123456789abcdef") else None


def _parse_flag(said: Mapping[str, str], key: str) -> bool | None:
    return _FLAGS.get(said.get(key, "").upper())
