"""Printers that answer no community, found without a secret by SNMPv3 engine discovery (RFC 3414, 4).

An engine answers an empty, unauthenticated request with its engine id, which carries the maker's enterprise
number (RFC 3411, section 5, SnmpEngineID) and often the MAC. Each sweep sends one packet to each address of a
swept network; none to excluded hosts and known printers. Only engines of printer makers become sightings, so
that other hosts are asked nothing more.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from agent.config import Config
from agent.core.model import Address, Sighting
from agent.discovery.methods import Cadence, DiscoveryContext

CADENCE: Cadence = "sweep"

PACKETS_PER_SECOND = 500
BURST = 20  # packets that leave at once
LINGER = 2.0  # seconds to wait for answers after the last packet
MAX_ANSWER = 1024  # octets; a report is about 120
MAX_ENGINE_ID = 32  # octets (RFC 3411)

PRINTER_MAKERS = {
    11: "HP", 236: "Samsung", 253: "Xerox", 258: "Panasonic", 297: "Fuji Xerox", 367: "Ricoh", 641: "Lexmark",
    674: "Dell", 1129: "Toshiba", 1248: "Epson", 1347: "Kyocera", 1602: "Canon", 2001: "OKI", 2385: "Sharp",
    2435: "Brother", 10642: "Zebra", 18334: "Konica Minolta", 24807: "Riso", 40093: "Pantum",
}  # fmt: skip
"""Enterprise numbers of printer makers (IANA, Private Enterprise Numbers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineId:
    """What an engine id says: the maker, and the MAC if it holds one."""

    enterprise: int
    mac: str | None

    @property
    def vendor(self) -> str | None:
        """The maker, if it makes printers."""
        return PRINTER_MAKERS.get(self.enterprise)


def enabled(_config: Config) -> bool:
    """Always True: each `[[network]]` says if it is swept."""
    return True


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each host of the swept networks whose engine id is a printer maker's."""
    addresses = list(_list_addresses(context))
    for family in (socket.AF_INET, socket.AF_INET6):
        asked = [address for address in addresses if (":" in address.host) == (family == socket.AF_INET6)]
        if not asked:
            continue
        answers: asyncio.Queue[tuple[Address, EngineId] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _EngineListener(frozenset(asked), answers),  # noqa: B023 - used at once
            family=family,
            local_addr=("0.0.0.0" if family == socket.AF_INET else "::", 0),  # noqa: S104 - to send from
        )
        sender = asyncio.create_task(_send_paced(transport, asked, answers))
        try:
            while (answer := await answers.get()) is not None:
                yield _build_sighting(context, *answer)
        finally:
            sender.cancel()
            transport.close()


def _list_addresses(context: DiscoveryContext) -> Iterator[Address]:
    """Yield the permitted addresses of the swept networks that are not in the inventory, each once."""
    seen = set(context.skip)
    for network in context.policy.config.network:
        for host in context.policy.sweep_hosts(network) if network.sweep else ():
            address = Address(host, network.snmp_port)
            if address not in seen:
                seen.add(address)
                yield address


async def _send_paced(
    transport: asyncio.DatagramTransport,
    addresses: list[Address],
    answers: "asyncio.Queue[tuple[Address, EngineId] | None]",
) -> None:
    try:
        for count, address in enumerate(addresses, 1):
            transport.sendto(DISCOVERY_REQUEST, tuple(address))
            if count % BURST == 0:
                await asyncio.sleep(BURST / PACKETS_PER_SECOND)
        await asyncio.sleep(LINGER)
    finally:
        answers.put_nowait(None)


def _build_sighting(context: DiscoveryContext, address: Address, engine: EngineId) -> Sighting:
    return Sighting(address=address, via="engine", at=context.clock.now(), is_printer=None, mac=engine.mac)


class _EngineListener(asyncio.DatagramProtocol):
    """Takes one report from each address that was asked; a foreign or broken datagram is dropped."""

    def __init__(
        self, asked: frozenset[Address], answers: "asyncio.Queue[tuple[Address, EngineId] | None]"
    ) -> None:
        self._open = set(asked)
        self._answers = answers

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue the first answer of an address, if it is of a printer maker's engine."""
        address = Address(str(ipaddress.ip_address(addr[0].partition("%")[0])), addr[1])
        engine = parse_report(data) if address in self._open else None
        if engine is not None:
            self._open.discard(address)
            if engine.vendor:
                self._answers.put_nowait((address, engine))


def _encode(tag: int, *content: bytes) -> bytes:
    """Encode a short BER value: fewer than 128 octets."""
    whole = b"".join(content)
    return bytes((tag, len(whole))) + whole


def _build_request() -> bytes:
    """Build the discovery request of RFC 3414, section 4: no user, no engine id, reportable."""
    integer, octets, sequence = 0x02, 0x04, 0x30
    header = _encode(
        sequence,
        _encode(integer, b"\x1f\x50\x57\x01"),  # msgID
        _encode(integer, b"\x05\xc0"),  # msgMaxSize: 1,472
        _encode(octets, b"\x04"),  # msgFlags: reportable
        _encode(integer, b"\x03"),  # USM
    )
    security = _encode(
        sequence, _encode(octets), *(_encode(integer, b"\0") for _ in "bt"), *(_encode(octets) for _ in "uap")
    )
    request = _encode(
        0xA0,
        _encode(integer, b"\x1f\x50\x57\x01"),
        *(_encode(integer, b"\0") for _ in "ei"),
        _encode(sequence),
    )
    scoped = _encode(sequence, _encode(octets), _encode(octets), request)
    return _encode(sequence, _encode(integer, b"\x03"), header, _encode(octets, security), scoped)


DISCOVERY_REQUEST = _build_request()


def parse_report(data: bytes) -> EngineId | None:
    """Return the authoritative engine id in an SNMPv3 message (RFC 3412, section 6), else None."""
    try:
        message, _ = _take(data[:MAX_ANSWER], 0x30)
        version, rest = _take(message, 0x02)
        _, rest = _take(rest, 0x30)  # msgGlobalData
        parameters, _ = _take(rest, 0x04)
        usm, _ = _take(parameters, 0x30)
        engine_id, _ = _take(usm, 0x04)
    except ValueError:
        return None
    return parse_engine_id(engine_id) if version == b"\x03" else None


def parse_engine_id(engine_id: bytes) -> EngineId | None:
    """Parse an engine id (RFC 3411, section 5); None if it is too short or too long to be one."""
    if not 5 <= len(engine_id) <= MAX_ENGINE_ID:
        return None
    number = int.from_bytes(engine_id[:4], "big")
    has_mac = number >> 31 == 1 and engine_id[4] == 3 and len(engine_id) == 11
    return EngineId(enterprise=number & 0x7FFF_FFFF, mac=engine_id[5:].hex() if has_mac else None)


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first BER value, which has this tag, and the rest. Raises ValueError."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("another tag")
    size, at = data[1], 2
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 2 or len(data) < 2 + octets:
            raise ValueError("an indefinite or huge length")
        size, at = int.from_bytes(data[2 : 2 + octets], "big"), 2 + octets
    if len(data) < at + size:
        raise ValueError("cut short")
    return data[at : at + size], data[at + size :]
