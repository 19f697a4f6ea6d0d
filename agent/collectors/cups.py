"""Reads printers on a USB cable through the CUPS spooler of this machine.

    CUPS-Get-Printers ──► queues ──► those on a cable ──► Snapshot each

A queue is not a printer: its UUID is its own, its make is the driver's, its clock is this machine's. Who
the printer is stands in the device URI ("usb://Brother/HL-2270DW%20series?serial=E71833C4J372261"), and
what it says of its supplies has come through the backend. A printer that is unplugged is silent.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from agent.collectors import ipp
from agent.collectors._identity import serial_numbers
from agent.collectors._identity.identity_decision import Clues, Said, decide
from agent.collectors._ipp import attribute_mapping
from agent.collectors._ipp.attribute_mapping import ASKED
from agent.collectors._ipp.codec import Attributes, Group, Operation
from agent.collectors._ipp.state_reasons import reasons
from agent.collectors._vendor import vendor_profiles
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.collectors._visit import Round, When
from agent.config import Config
from agent.core.model import Address, Identity, Snapshot, Tier

SOCKET = "/run/cups/cups.sock"
PATIENCE = 10.0  # seconds: the spooler is on this machine
CABLES = ("usb", "parallel", "serial")
SOURCE = "ipp:device-uri"


WHEN: When = "locally"
TIERS = frozenset({Tier.SUPPLIES, Tier.METERS, Tier.INVENTORY})


def enabled(config: Config) -> bool:
    """Whether `[cups]` is switched on."""
    return config.cups.enabled


async def collect(visit: Round) -> list[Snapshot]:
    """One snapshot for each printer on a cable; none without a spooler. Raises ReadingError."""
    socket = visit.config.cups.socket
    if not await asyncio.to_thread(Path(socket).exists):
        return []
    return await read_queues(socket, at=visit.at, profiles=visit.profiles)


async def read_queues(
    socket: str = SOCKET, *, at: float, profiles: Profiles | None = None, patience: float = PATIENCE
) -> list[Snapshot]:
    """One snapshot for each printer on a cable. Raises ReadingError if no spooler answers."""
    profiles = vendor_profiles.shipped() if profiles is None else profiles
    target = ipp.Target(host="localhost", socket=socket)
    async with ipp.asked(target, patience) as asking:
        names = ("device-uri", *ASKED)
        try:
            response = await asking.ask(Operation.CUPS_GET_PRINTERS, "/", (2, 0), names)
        except ipp.NotThere:  # "no destinations added"
            return []
    queues = response.of(Group.PRINTER)
    return [snapshot(queue, at, profiles) for queue in queues if on_cable(_said(queue, "device-uri"))]


def on_cable(device_uri: str) -> bool:
    """Whether a queue's printer is on a cable: "usb://…", "hp:/usb/…", "parallel:/dev/lp0"."""
    scheme, _, rest = device_uri.partition(":")
    return scheme in CABLES or rest.startswith(("/usb/", "/par/"))


def snapshot(queue: Attributes, at: float, profiles: Profiles) -> Snapshot:
    """What a queue says of its printer; pure."""
    problems: list[str] = []
    address = Address(f"cups/{_said(queue, 'printer-name')}", ipp.PORT)
    keywords = {reason.keyword for reason in reasons(queue.get("printer-state-reasons", ()))}
    if "offline" in keywords:
        return Snapshot(address=address, at=at, via="cups", reachable=False)
    parts = attribute_mapping.parts(queue, profiles, problems)
    identity = _identity(_said(queue, "device-uri"), parts["identity"], profiles)
    sources = {**parts["sources"], "identity.serial": SOURCE, "identity.model": SOURCE}
    kept = {**parts, "identity": identity, "uptime": None, "sources": sources}
    return Snapshot(address=address, at=at, via="cups", problems=tuple(problems), **kept)


def _identity(device_uri: str, queue: Identity, profiles: Profiles) -> Identity:
    """Who is on the cable: maker and model from the URI's path, the serial number from its query."""
    parts = urlsplit(device_uri)
    maker, _, model = unquote(f"{parts.netloc}{parts.path}").strip("/").removeprefix("usb/").partition("/")
    said = f"{maker} {model}" if model else maker.replace("_", " ")
    if parts.scheme in {"parallel", "serial"}:  # a device of this machine, and no name
        said = ""
    serial = next(iter(parse_qs(parts.query).get("serial", ())), "")
    source = SOURCE.encode()
    clues = Clues(device_descr=Said(said, source), printer_rows=True, location=queue.location or "")
    found = decide(clues, profiles).identity
    return replace(
        found, serial=serial_numbers.serial(serial) or queue.serial, name=queue.name, firmware=queue.firmware
    )


def _said(queue: Attributes, name: str) -> str:
    return next((value for value in queue.get(name, ()) if isinstance(value, str)), "")
