"""The engine id of an SNMPv3 engine, asked for without a secret (engine discovery: RFC 3414, section 4).

The empty, unauthenticated request is answered by a Report that carries the engine id: the maker's enterprise
number, and often the MAC (RFC 3411, section 5, SnmpEngineID).
"""

import asyncio
from dataclasses import dataclass

from agent.core.model import Address

MAX_ANSWER = 1024  # octets; a report is about 120
MAX_ENGINE_ID = 32  # octets (RFC 3411)
FORMAT_IPV4, FORMAT_IPV6 = 1, 2  # the fifth octet (RFC 3411, SnmpEngineID)
MIN_OWN_OCTETS = 4  # after the format: fewer are a number that each printer of a kind may have
PATIENCE = 2.0  # seconds for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineId:
    """What an engine id says: the maker's enterprise number, and the MAC if it holds one."""

    enterprise: int
    mac: str | None
    raw: bytes


async def ask_engine_id(address: Address, patience: float = PATIENCE) -> EngineId | None:
    """Send one request to `address`; None without an answer in time. The caller keeps to the budgets."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[EngineId] = loop.create_future()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _ReportListener(answer), remote_addr=(address.host, address.port)
        )
    except OSError:
        return None
    try:
        transport.sendto(DISCOVERY_REQUEST)
        async with asyncio.timeout(patience):
            return await answer
    except (OSError, TimeoutError):
        return None
    finally:
        transport.close()


class _ReportListener(asyncio.DatagramProtocol):
    """Takes the first report; the socket is connected, so that nothing of others arrives."""

    def __init__(self, answer: "asyncio.Future[EngineId]") -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """Keep the engine id of a report; any other datagram is dropped."""
        engine = parse_report(data)
        if engine is not None and not self._answer.done():
            self._answer.set_result(engine)


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
    mac = engine_id[5:].hex() if has_mac else None
    return EngineId(enterprise=number & 0x7FFF_FFFF, mac=mac, raw=engine_id)


def proves_device(engine_id: bytes) -> bool:
    """Report that an engine id is of one device alone (RFC 3411, section 5): of its MAC, a text or octets.

    One made of an address follows the address, and one that repeats an octet only fills the field.
    """
    engine = parse_engine_id(engine_id)
    if engine is None or not engine_id[0] & 0x80 or engine_id[4] in {0, FORMAT_IPV4, FORMAT_IPV6}:
        return False
    body = engine_id[5:]
    return len(body) >= MIN_OWN_OCTETS and len(set(body)) > 1


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
