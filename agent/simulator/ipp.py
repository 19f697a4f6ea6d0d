"""The IPP endpoint of a simulated printer: a small HTTP server that answers Get-Printer-Attributes.

    POST /ipp/print ── path? ── version? ── asked for by name ── attributes (RFC 8010, 8011)
                       404      0x0503

Its answers follow from the same model, scenario and moment as those over SNMP. Its encoder is its own,
so that a reader's mistake is not mirrored here. `answer` may replace a printer: a recorded reply is
served unchanged.
"""

import asyncio
import contextlib
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from agent.core.clock import Clock
from agent.simulator.device import SimulatedDevice
from agent.simulator.model import RECEPTACLES, PrinterModel, SupplyKind
from agent.simulator.printer import SimulatedPrinter
from agent.simulator.timeline import IDLE, PRINTING, RUNNING, WARNED, SimulatedState

GET_PRINTER_ATTRIBUTES = 0x000B
OK, NOT_FOUND, UNKNOWN_OPERATION, UNKNOWN_VERSION = 0x0000, 0x0406, 0x0501, 0x0503
OPERATION_GROUP, PRINTER_GROUP, END = 0x01, 0x04, 0x03
INTEGER, ENUM, OCTETS, TEXT, NAME, KEYWORD, URI = 0x21, 0x23, 0x30, 0x41, 0x42, 0x44, 0x45
MAX_REQUEST_BYTES = 65536  # bytes of a request

_TYPES = {
    SupplyKind.TONER: "toner", SupplyKind.WASTE_TONER: "wasteToner", SupplyKind.WASTE_INK: "wasteInk",
    SupplyKind.DRUM: "opc", SupplyKind.FUSER: "fuser", SupplyKind.TRANSFER: "transferUnit",
    SupplyKind.TONER_CARTRIDGE: "tonerCartridge",
    SupplyKind.INK_CARTRIDGE: "inkCartridge",
}  # fmt: skip
_UNITS = {7: "impressions", 19: "percent"}
_REASONS = {  # bits of hrPrinterDetectedErrorState -> keywords of RFC 8011
    "lowPaper": "media-low", "noPaper": "media-empty", "lowToner": "toner-low", "noToner": "toner-empty",
    "doorOpen": "cover-open", "jammed": "media-jam", "serviceRequested": "other",
}  # fmt: skip


class IppAttribute(NamedTuple):
    """One attribute: its syntax, name and values."""

    tag: int
    name: str
    values: Sequence[int | str | bytes]


IppAttributeList = list[IppAttribute]


class IppQuestion(NamedTuple):
    """The parts of a request that decide the answer."""

    path: str
    version: tuple[int, int]
    operation: int
    number: int
    names: frozenset[str]


IppReply = bytes | int | None
"""The message; or an HTTP status; or nothing at all, as from a printer that is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IppOptions:
    """The limits of a printer's IPP service."""

    paths: tuple[str, ...] = ("/ipp/print",)
    versions: tuple[tuple[int, int], ...] = ((1, 1), (2, 0))
    delay: float = 0.0  # real seconds before each answer


def build_attributes(make: PrinterModel, state: SimulatedState, up: float) -> IppAttributeList:
    """Return all attributes of this printer now."""
    return [
        IppAttribute(NAME, "printer-name", [f"PRN{make.mac[-6:].upper()}"]),
        IppAttribute(TEXT, "printer-make-and-model", [make.name]),
        IppAttribute(TEXT, "printer-device-id", [_format_device_id(make)]),
        IppAttribute(URI, "printer-uuid", [f"urn:uuid:{make.uuid}"]),
        IppAttribute(TEXT, "printer-location", [make.location]),
        IppAttribute(ENUM, "printer-state", [_printer_state(state)]),
        IppAttribute(KEYWORD, "printer-state-reasons", _state_reasons(state)),
        IppAttribute(TEXT, "printer-state-message", [state.panel]),
        IppAttribute(INTEGER, "printer-up-time", [max(1, int(up))]),
        IppAttribute(INTEGER, "printer-impressions-completed", [make.life + state.pages]),
        IppAttribute(OCTETS, "printer-supply", [*_format_supplies(make, state)]),
        IppAttribute(TEXT, "printer-supply-description", [part.description for part in make.parts]),
        IppAttribute(OCTETS, "printer-input-tray", [*_format_trays(make, state)]),
        IppAttribute(OCTETS, "printer-alert", [*_format_alerts(state)]),
        IppAttribute(
            TEXT, "printer-alert-description", [standing.row.text for standing in state.active_alerts]
        ),
    ]


def _format_device_id(make: PrinterModel) -> str:
    serial = f"SN:{make.serial};" if make.serial else ""
    return f"MFG:{make.vendor};MDL:{make.model.removeprefix(make.vendor).strip()};CLS:PRINTER;{serial}"


def _printer_state(state: SimulatedState) -> int:
    if state.device in {RUNNING, WARNED}:
        return 4 if state.printer == PRINTING else 3
    return 5


def _state_reasons(state: SimulatedState) -> list[str]:
    grave = "warning" if state.device in {RUNNING, WARNED} else "error"
    told = [f"{keyword}-{grave}" for bit, keyword in _REASONS.items() if bit in state.bits]
    asleep = state.device == RUNNING and state.printer not in {IDLE, PRINTING}
    return told or (["deep-sleep-report"] if asleep else ["none"])


def _format_supplies(make: PrinterModel, state: SimulatedState) -> Iterable[bytes]:
    for index, (part, level) in enumerate(zip(make.parts, state.levels, strict=True), start=1):
        kind = "receptacleThatIsFilled" if part.kind in RECEPTACLES else "supplyThatIsConsumed"
        colour = f"colorantname={part.colour};" if part.colour else ""
        told = f"type={_TYPES[part.kind]};maxcapacity={part.largest};level={level};class={kind};"
        yield f"index={index};{told}unit={_UNITS[part.unit]};{colour}".encode()


def _format_trays(make: PrinterModel, state: SimulatedState) -> Iterable[bytes]:
    for drawer, sheets in zip(make.drawers, state.sheets, strict=True):
        told = f"maxcapacity={drawer.capacity};level={sheets};status=0;name={drawer.name};"
        yield f"type=sheetFeedAutoNonRemovableTray;{told}".encode()


def _format_alerts(state: SimulatedState) -> Iterable[bytes]:
    severities = {3: "critical", 4: "warning", 5: "warningBinaryChangeEvent"}
    codes = {8: "jam", 3: "coverOpen", 807: "inputMediaSupplyLow", 1104: "markerTonerAlmostEmpty"}
    for standing in state.active_alerts:
        row = standing.row
        named = f"code={codes.get(row.code, 'other')};index={standing.index}"
        yield f"{named};severity={severities.get(row.severity, 'other')};location={row.location}".encode()


def encode_response(
    version: tuple[int, int], status: int, number: int, said: Iterable[IppAttribute]
) -> bytes:
    """A response. An attribute without values is left out, as there is no way to send it."""
    first = [
        IppAttribute(0x47, "attributes-charset", ["utf-8"]),
        IppAttribute(0x48, "attributes-natural-language", ["en"]),
    ]
    out = struct.pack(">BBHIB", *version, status, number, OPERATION_GROUP) + b"".join(
        map(_encode_attribute, first)
    )
    told = b"".join(map(_encode_attribute, said))
    return out + (bytes([PRINTER_GROUP]) + told if told else b"") + bytes([END])


def _encode_attribute(said: IppAttribute) -> bytes:
    out = b""
    for place, value in enumerate(said.values):
        name = b"" if place else said.name.encode()
        if isinstance(value, int):
            content = struct.pack(">i", value)
        else:
            content = value if isinstance(value, bytes) else value.encode()
        out += struct.pack(f">BH{len(name)}sH", said.tag, len(name), name, len(content)) + content
    return out


def parse_question(path: str, body: bytes) -> IppQuestion | None:
    """Parse a request; None for anything but IPP."""
    if len(body) < 9:
        return None
    major, minor, operation, number = struct.unpack_from(">BBHI", body)
    names, name, at = set(), b"", 8
    while at + 5 <= len(body):
        if body[at] < 0x10:
            at += 1
            continue
        size = struct.unpack_from(">H", body, at + 1)[0]
        name = body[at + 3 : at + 3 + size] or name
        at += 3 + size
        length = struct.unpack_from(">H", body.ljust(at + 2, b"\0"), at)[0]
        if name == b"requested-attributes":
            names.add(body[at + 2 : at + 2 + length].decode("latin-1"))
        at += 2 + length
    return IppQuestion(path, (major, minor), operation, number, frozenset(names))


def make_responder(
    printer: SimulatedPrinter, clock: Clock, started: float, manners: IppOptions
) -> Callable[[IppQuestion], IppReply]:
    """Answers as this printer does at the clock's time."""

    def answer_question(asked: IppQuestion) -> IppReply:
        elapsed = clock.now() - started
        state = printer.life.state_at(elapsed)
        if state.silent:
            return None
        if asked.path not in manners.paths:
            return 404
        if asked.version not in manners.versions:
            return encode_response(manners.versions[-1], UNKNOWN_VERSION, asked.number, ())
        if asked.operation != GET_PRINTER_ATTRIBUTES:
            return encode_response(asked.version, UNKNOWN_OPERATION, asked.number, ())
        told = build_attributes(printer.make, state, printer.make.up_before + elapsed)
        wanted = [said for said in told if not asked.names or said.name in asked.names]
        return encode_response(asked.version, OK, asked.number, wanted)

    return answer_question


class IppEndpoint:
    """One printer's HTTP server."""

    def __init__(self, answer: Callable[[IppQuestion], IppReply], *, delay: float = 0.0) -> None:
        self.asked: Counter[tuple[str, tuple[int, int]]] = Counter()
        self._answer = answer
        self._delay = delay
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; return the port. Raises OSError."""
        self._server = await asyncio.start_server(self._accept_connection, host, port, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and close the connections that are still open."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def _accept_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve_connection(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request a connection; close it after anything else."""
        try:
            path, body = await _read_request(reader)
            await asyncio.sleep(self._delay)
            await self._send_reply(writer, path, body)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # not a request, or the connection is gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send_reply(self, writer: asyncio.StreamWriter, path: str, body: bytes) -> None:
        asked = parse_question(path, body)
        if asked is not None:
            self.asked[path, asked.version] += 1
        said = 400 if asked is None else self._answer(asked)
        if said is None:
            return
        status, content = (200, said) if isinstance(said, bytes) else (said, b"")
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/ipp\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """(path, body) of a POST with a length. Raises ValueError for any other request."""
    first = await reader.readexactly(1)
    if first == b"\x16":
        raise ValueError("a TLS handshake, where there is no TLS")
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    fields = {
        name.strip().casefold(): value.strip() for name, _, value in (line.partition(":") for line in head)
    }
    length = int(fields["content-length"]) if "content-length" in fields else -1
    if method != "POST" or not 0 <= length <= MAX_REQUEST_BYTES:
        raise ValueError(f"not a request: {head[0]}")
    return path, await reader.readexactly(length)


@asynccontextmanager
async def serve_ipp(
    members: Iterable[SimulatedDevice], port: int, clock: Clock, started: float
) -> AsyncIterator[dict[str, IppEndpoint]]:
    """Open an IPP endpoint for each printer among `members`, until the block is left.

    Yields the endpoints by host. Raises OSError if a port is not available.
    """
    async with AsyncExitStack() as stack:
        faces = {}
        for member in members:
            if isinstance(member.source, SimulatedPrinter):
                face = IppEndpoint(make_responder(member.source, clock, started, IppOptions()))
                await face.open(member.address.host, port)
                stack.push_async_callback(face.close)
                faces[member.address.host] = face
        yield faces
