"""Where announced printers answer IPP: the SRV port and `rp` of `_ipp._tcp` and `_ipps._tcp`.

Bonjour Printing Specification 1.2.1, 9.2.3 (rp: a path without the first slash); RFC 8011, 4.1.2; RFC 2782.
Any host may announce anything. So a request goes to the announced address and to no host that a text names;
the path is cleaned; ports on which printers print all that arrives are refused; each address has a few places
at most; and an address whose services keep changing is reported ever more rarely.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from agent.core import text
from agent.core.model import IppPlace

SECURE_SERVICES = {"_ipp._tcp": False, "_ipps._tcp": True}  # with TLS?
SYSTEM_PORTS = frozenset({80, 443, 631})  # below 1024, IPP is spoken on these only
RAW_PORTS = frozenset(
    {*range(9100, 9113), *range(3001, 3004), 5503, 6101, 9200, 9400, 9500, 9501, 10001}
)  # they print, or may print, what they are sent
MAX_PATH = 255  # octets: one string of a TXT record
MAX_PLACES = 4  # of one address
MAX_ADDRESSES = 5000
FIRST_PAUSE, LONGEST_PAUSE = 0.7, 180.0  # seconds
GROWTH = 4.0  # each further change of an address waits this many times as long
SPOOLER_KEY = b"printer-type"  # in the announcements of CUPS only: a queue, behind which is another printer

ServiceKey = tuple[str, str]  # type and name


def parse_place(service_type: str, port: int | None, record: Mapping[bytes, bytes | None]) -> IppPlace | None:
    """Return where this service answers IPP; None for another service, a spooler's queue, a refused port."""
    tls = SECURE_SERVICES.get(".".join(service_type.lower().split(".")[:2]))
    keys = {key.lower(): value for key, value in record.items()}
    if tls is None or port is None or not is_ipp_port(port) or SPOOLER_KEY in keys:
        return None
    return IppPlace(port=port, path=clean_path(keys.get(b"rp") or b""), tls=tls)


def is_ipp_port(port: int) -> bool:
    """Tell if a printer may be asked over HTTP at this TCP port."""
    return port in SYSTEM_PORTS or (1024 <= port < 65536 and port not in RAW_PORTS)


def clean_path(raw: bytes) -> str:
    """Return an absolute path, percent-encoded; "" where none is announced or it cannot be one."""
    written = text.decode_octets(raw).strip().lstrip("/")
    path = quote(written, safe="/%!$&'()*+,;=:@-._~")
    for part in path.split("%")[1:]:
        if len(part) < 2 or not set(part[:2]) <= set(string.hexdigits):
            path = path.replace("%", "%25")
            break
    return f"/{path}" if path and len(path) < MAX_PATH else ""


@dataclass(slots=True)
class AnnouncedServices:
    """The services of each address that are announced now."""

    _places: dict[str, dict[ServiceKey, IppPlace]] = field(default_factory=dict)
    _changes: dict[str, int] = field(default_factory=dict)

    def add_service(self, host: str, key: ServiceKey, place: IppPlace) -> None:
        """Add or change a service of `host`; one too many is left out."""
        known = self._places.get(host, {})
        if known.get(key) == place or (key not in known and len(known) >= MAX_PLACES):
            return
        if host in self._places or len(self._places) < MAX_ADDRESSES:
            self._places[host] = known | {key: place}
            self._changes[host] = self._changes.get(host, 0) + (key in known)

    def remove_service(self, key: ServiceKey) -> None:
        """Remove a service that said goodbye. Its address stays known until it is announced anew."""
        for host, known in self._places.items():
            if key in known:
                self._places[host] = {other: place for other, place in known.items() if other != key}
                self._changes[host] += 1

    def list_places(self, host: str) -> tuple[IppPlace, ...]:
        """List where `host` answers IPP, each place once, those with TLS first."""
        found = set(self._places.get(host, {}).values())
        return tuple(sorted(found, key=lambda place: (not place.tls, place.port, place.path)))

    def pause_before(self, host: str) -> float:
        """Return the seconds until `host` is reported: long enough for its other services to arrive."""
        changes = min(self._changes.get(host, 0), 8)
        return float(min(FIRST_PAUSE * GROWTH ** max(0, changes - 1), LONGEST_PAUSE))
