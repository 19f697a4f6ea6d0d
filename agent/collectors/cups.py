"""Reads printers on a USB cable through the CUPS spooler of this machine.

    CUPS-Get-Printers ──► queues ──► those on a cable ──► Snapshot each

A queue is not a printer: its UUID is its own, its make is the driver's, its clock is this machine's. The
printer's identity is in the device URI ("usb://Brother/HL-2270DW%20series?serial=E71833C4J372261"), and its
supply levels come through the backend. An unplugged printer is unreachable.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from agent.collectors import ipp
from agent.collectors._identity import serial_numbers
from agent.collectors._identity.identity_decision import IdentityEvidence, SourcedText, decide_identity
from agent.collectors._ipp import attribute_mapping
from agent.collectors._ipp.attribute_mapping import REQUESTED_ATTRIBUTES
from agent.collectors._ipp.codec import AttributeGroup, Attributes, Operation
from agent.collectors._ipp.state_reasons import parse_reasons
from agent.collectors._ipp.targets import PORT, IppTarget
from agent.collectors._vendor import vendor_profiles
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.collectors._visit import Round, When
from agent.config import Config
from agent.core.model import Address, Identity, Snapshot, Tier

SOCKET = "/run/cups/cups.sock"
PATIENCE = 10.0  # seconds: the spooler is on this machine
CABLES = ("usb", "parallel", "serial")
URI_SOURCE = "ipp:device-uri"


WHEN: When = "locally"
TIERS = frozenset({Tier.SUPPLIES, Tier.METERS, Tier.INVENTORY})


def enabled(config: Config) -> bool:
    """Tell if `[cups]` is switched on."""
    return config.cups.enabled


async def collect(visit: Round) -> list[Snapshot]:
    """Read one snapshot for each printer on a cable; an empty list without a spooler. Raises ReadingError."""
    socket = visit.config.cups.socket
    if not await asyncio.to_thread(Path(socket).exists):
        return []
    return await read_queues(socket, at=visit.at, profiles=visit.profiles)


async def read_queues(
    socket: str = SOCKET, *, at: float, profiles: Profiles | None = None, patience: float = PATIENCE
) -> list[Snapshot]:
    """Read one snapshot for each printer on a cable. Raises ReadingError if no spooler answers."""
    profiles = vendor_profiles.load_shipped() if profiles is None else profiles
    target = IppTarget(host="localhost", socket=socket)
    async with ipp.open_session(target, patience) as session:
        names = ("device-uri", *REQUESTED_ATTRIBUTES)
        try:
            response = await session.send_request(Operation.CUPS_GET_PRINTERS, "/", (2, 0), names)
        except ipp.PathNotFound:  # "no destinations added"
            return []
    queues = response.attributes_in(AttributeGroup.PRINTER)
    return [
        build_snapshot(queue, at, profiles) for queue in queues if on_cable(_first_text(queue, "device-uri"))
    ]


def on_cable(device_uri: str) -> bool:
    """Tell if a queue's printer is on a cable: "usb://…", "hp:/usb/…", "parallel:/dev/lp0"."""
    scheme, _, rest = device_uri.partition(":")
    return scheme in CABLES or rest.startswith(("/usb/", "/par/"))


def build_snapshot(queue: Attributes, at: float, profiles: Profiles) -> Snapshot:
    """Build the snapshot of a queue's printer from the queue's attributes; pure."""
    problems: list[str] = []
    address = Address(f"cups/{_first_text(queue, 'printer-name')}", PORT)
    keywords = {reason.keyword for reason in parse_reasons(queue.get("printer-state-reasons", ()))}
    if "offline" in keywords:
        return Snapshot(address=address, at=at, via="cups", reachable=False)
    parts = attribute_mapping.build_snapshot_parts(queue, profiles, problems)
    identity = _build_identity(_first_text(queue, "device-uri"), parts["identity"], profiles)
    sources = {**parts["sources"], "identity.serial": URI_SOURCE, "identity.model": URI_SOURCE}
    kept = {**parts, "identity": identity, "uptime": None, "sources": sources}
    return Snapshot(address=address, at=at, via="cups", problems=tuple(problems), **kept)


def _build_identity(device_uri: str, queue: Identity, profiles: Profiles) -> Identity:
    """Decide the identity of the printer: maker and model from the URI's path, serial from its query."""
    parts = urlsplit(device_uri)
    maker, _, model = unquote(f"{parts.netloc}{parts.path}").strip("/").removeprefix("usb/").partition("/")
    text = f"{maker} {model}" if model else maker.replace("_", " ")
    if parts.scheme in {"parallel", "serial"}:  # a device of this machine, and no name
        text = ""
    serial = next(iter(parse_qs(parts.query).get("serial", ())), "")
    source = URI_SOURCE.encode()
    evidence = IdentityEvidence(
        device_descr=SourcedText(text, source), printer_rows=True, location=queue.location or ""
    )
    found = decide_identity(evidence, profiles).identity
    return replace(
        found,
        serial=serial_numbers.clean_serial(serial) or queue.serial,
        name=queue.name,
        firmware=queue.firmware,
    )


def _first_text(queue: Attributes, name: str) -> str:
    return next((value for value in queue.get(name, ()) if isinstance(value, str)), "")
