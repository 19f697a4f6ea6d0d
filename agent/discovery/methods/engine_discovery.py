"""Printers that answer no community, found without a secret by SNMPv3 engine discovery (RFC 3414, 4).

An engine answers an empty, unauthenticated request with its engine id, which carries the maker's enterprise
number (RFC 3411, section 5, SnmpEngineID) and often the MAC. Each sweep sends one packet to each address of a
swept network; none to excluded hosts and known printers. Only engines of printer makers (`enterprises` of the
vendor profiles) become sightings, so that other hosts are asked nothing more.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

from agent.config import Config
from agent.core.model import Address, Sighting
from agent.discovery.methods import AddressProber, Cadence, DiscoveryContext, _swept

CADENCE: Cadence = "sweep"

LINGER = 2.0  # seconds to wait for answers after the last packet
MAX_ANSWER = 1024  # octets; a report is about 120
MAX_ENGINE_ID = 32  # octets (RFC 3411)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineId:
    """What an engine id says: the maker's enterprise number, and the MAC if it holds one."""

    enterprise: int
    mac: str | None


EngineAnswer = tuple[Address, EngineId]


def enabled(_config: Config) -> bool:
    """Always True: each `[[network]]` says if it is swept."""
    return True


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each host of the swept networks whose engine id carries the number of a printer maker."""
    swept = (network for network in context.policy.config.network if network.sweep)
    addresses = _swept.list_swept_addresses(context, swept)
    for family in (socket.AF_INET, socket.AF_INET6):
        asked = [address for address in addresses if (":" in address.host) == (family == socket.AF_INET6)]
        if not asked:
            continue
        answers: asyncio.Queue[EngineAnswer | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _EngineListener(frozenset(asked), answers),  # noqa: B023 - used at once
            family=family,
            local_addr=("0.0.0.0" if family == socket.AF_INET else "::", 0),  # noqa: S104 - to send from
        )
        sender = asyncio.create_task(_send_paced(transport, context.prober, asked, answers))
        try:
            while (answer := await answers.get()) is not None:
                address, engine = answer
                if engine.enterprise in context.printer_makers:
                    yield _build_sighting(context, address, engine)
            await sender  # so that its errors are the caller's
        finally:
            sender.cancel()
            transport.close()


async def _send_paced(
    transport: asyncio.DatagramTransport,
    prober: AddressProber,
    addresses: list[Address],
    answers: "asyncio.Queue[EngineAnswer | None]",
) -> None:
    """Send one packet to each address, within the budgets that polls and sweeps share."""
    try:
        for address in addresses:
            await prober.wait_for_turn(address)
            transport.sendto(DISCOVERY_REQUEST, tuple(address))
        await asyncio.sleep(LINGER)
    finally:
        answers.put_nowait(None)


def _build_sighting(context: DiscoveryContext, address: Address, engine: EngineId) -> Sighting:
    return Sighting(
        address=address, via="engine", at=context.clock.now(), is_printer_maker=True, mac=engine.mac
    )


class _EngineListener(asyncio.DatagramProtocol):
    """Takes one report from each address that was asked; a foreign or broken datagram is dropped."""

    def __init__(self, asked: frozenset[Address], answers: "asyncio.Queue[EngineAnswer | None]") -> None:
        self._open = set(asked)
        self._answers = answers

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue the first report of an address that was asked."""
        address = Address(str(ipaddress.ip_address(addr[0].partition("%")[0])), addr[1])
        engine = parse_report(data) if address in self._open else None
        if engine is not None:
            self._open.discard(address)
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
