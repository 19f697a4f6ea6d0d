"""Announcements over real multicast DNS, on the loopback interface only.

Each announced printer shows itself as `_ipp._tcp` and `_pdl-datastream._tcp` with the TXT keys of the
Bonjour Printing Specification 1.2.1: two services, one instance name, one host, one UUID. Senders are
bound to 127.0.0.1 with the multicast interface set to it, so that nothing is sent to a real network.
Ports are the well-known ones; whether anything answers there is another matter.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from agent.simulator.device import SimulatedDevice
from agent.simulator.model import PrinterModel

LOOPBACK = "127.0.0.1"
_PORTS = {"_ipp._tcp.local.": 631, "_pdl-datastream._tcp.local.": 9100}
_LANGUAGES = ("application/octet-stream", "application/pdf", "application/postscript", "image/urf")


@asynccontextmanager
async def announce_devices(members: Iterable[SimulatedDevice]) -> AsyncIterator[None]:
    """Announce those of `members` that are to be announced, until the block is left; then say goodbye.

    Raises OSError where multicast cannot be used.
    """
    services = [
        service
        for member in members
        if member.announced and member.make is not None
        for service in build_services(member.make, member.address.host)
    ]
    zeroconf = AsyncZeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
    try:
        # No other host has these names, so the probing of RFC 6762, section 8.1, can be left out
        told = (zeroconf.async_register_service(service, cooperating_responders=True) for service in services)
        await asyncio.gather(*await asyncio.gather(*told))
        yield
    finally:
        await zeroconf.async_close()


def build_services(make: PrinterModel, host: str) -> list[ServiceInfo]:
    """Build the announcements of one printer."""
    server = f"PRN{make.mac[-6:].upper()}.local."
    return [
        ServiceInfo(
            kind,
            f"{make.name} ({make.mac[-6:].upper()}).{kind}",
            port=port,
            addresses=[ipaddress.ip_address(host).packed],
            server=server,
            properties=build_txt(make, server) if kind.startswith("_ipp.") else _build_raw_txt(make, server),
        )
        for kind, port in _PORTS.items()
    ]


def build_txt(make: PrinterModel, server: str) -> dict[str, str]:
    """The TXT record of `_ipp._tcp`."""
    return {
        **_build_raw_txt(make, server),
        "rp": "ipp/print",
        "priority": "10",
        "usb_MFG": make.vendor,
        "usb_MDL": make.model.removeprefix(make.vendor).strip(),
        "usb_CMD": "PCL,PDF,PS,URF",
        "pdl": ",".join(_LANGUAGES),
        "URF": f"V1.4,CP99,W8,PQ3-4-5,DM1,IS1,RS600{',SRGB24' if make.colour else ''}",
        "Color": "T" if make.colour else "F",
        "Duplex": "T",
        "Copies": "T",
        "Collate": "T",
        "Scan": "F",
        "Fax": "F",
        "PaperMax": "legal-A4",
        "kind": "document",
        "TLS": "1.2",
    }


def _build_raw_txt(make: PrinterModel, server: str) -> dict[str, str]:
    """The TXT record of `_pdl-datastream._tcp`: there is no queue to name, so no `rp`."""
    return {
        "txtvers": "1",
        "qtotal": "1",
        "priority": "40",
        "ty": make.name,
        "product": f"({make.name})",
        "note": make.location,
        "adminurl": f"http://{server.removesuffix('.')}/",
        "UUID": make.uuid,
        "Transparent": "T",
        "Binary": "T",
    }
