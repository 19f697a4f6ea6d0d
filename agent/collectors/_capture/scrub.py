"""Removes personal data from a walk before it leaves the site: names, places, serial and network numbers.

    names and places typed by people . emptied     sysContact, sysName, sysLocation, operator, service person
    the serial number ................ X for each character, wherever it appears
    MAC addresses .................... the maker's half stays, the rest is zero; also inside names
    IP and e-mail addresses .......... those that are kept for examples (RFC 5737, RFC 2606)
    the community .................... emptied, wherever it appears

Lengths stay, so that a decoder meets the same shapes. Numbers stay: a capture is made for them.
"""

import re
from collections.abc import Iterable, Iterator

from agent.snmp.oid import oid
from agent.snmp.reader import IpAddress, ObjectId, SnmpValue, VarBind

_EMPTIED = tuple(
    oid(name)
    for name in (
        "1.3.6.1.2.1.1.4",  # sysContact
        "1.3.6.1.2.1.1.5",  # sysName
        "1.3.6.1.2.1.1.6",  # sysLocation
        "1.3.6.1.2.1.43.5.1.1.4",  # prtGeneralCurrentOperator
        "1.3.6.1.2.1.43.5.1.1.5",  # prtGeneralServicePerson
        "1.3.6.1.4.1.2699.1.2.1.2.1.1.7",  # ppmPrinterSnmpCommunityName
        "1.3.6.1.4.1.2699.1.2.1.3.1.1.6",  # ppmPortServiceNameOrURI
    )
)
_EXAMPLE_IP = bytes((192, 0, 2, 1))
_IP = re.compile(rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_MAIL = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MIN_SERIAL_LENGTH = 5  # characters of a serial number worth looking for elsewhere
_MAC_SIZE = 6
_PHYS_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")  # ifPhysAddress


def scrub_rows(
    rows: Iterable[VarBind], *, serial: str | None, mac: str | None, community: str
) -> Iterator[VarBind]:
    """Scrub the rows of all that leads to a person, a place or a device."""
    for name, value in rows:
        yield name, _scrub_value(name, value, _secret_patterns(serial, mac, community))


def _secret_patterns(
    serial: str | None, mac: str | None, community: str
) -> list[tuple[re.Pattern[bytes], bytes]]:
    """List the patterns to replace in every text, each with the character that takes its place."""
    found = []
    if serial and len(serial) >= _MIN_SERIAL_LENGTH:
        found.append((serial, b"X"))
    if mac:
        found += [(mac, b"0"), (":".join(re.findall("..", mac)), b"0"), (mac[_MAC_SIZE:], b"0")]
    if community and community != "public":
        found.append((community, b"x"))
    return [(re.compile(re.escape(text.encode()), re.IGNORECASE), char) for text, char in found]


def _scrub_value(name: bytes, value: SnmpValue, secrets: list[tuple[re.Pattern[bytes], bytes]]) -> SnmpValue:
    if isinstance(value, IpAddress):
        return IpAddress(_EXAMPLE_IP)
    if isinstance(value, ObjectId) or not isinstance(value, bytes):
        return value
    if any(name.startswith(column) for column in _EMPTIED):
        return b""
    if name.startswith(_PHYS_ADDRESS) and len(value) == _MAC_SIZE:
        return value[:3] + bytes(3)
    for pattern, char in secrets:
        value = pattern.sub(lambda found, char=char: char * len(found[0]), value)  # type: ignore[misc] # mypy: bound default
    value = _UUID.sub(lambda found: re.sub(rb"[0-9a-fA-F]", b"0", found[0]), value)
    return _MAIL.sub(b"user@example.org", _IP.sub(b"192.0.2.1", value))
