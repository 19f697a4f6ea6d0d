"""Printers that announce themselves (RFC 6762, RFC 6763; Bonjour Printing Specification 1.2.1).

Listening costs the printers nothing, and an announcement says that a device is a printer before any
SNMP packet is sent. It carries no meter and no state, and does not cross subnets.

What lies outside the configured networks is passed on as seen; the territory keeps it from being asked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from zeroconf import InterfaceChoice, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from agent import text
from agent.discovery import Scout
from agent.model import Sighting

SERVICES = (
    "_ipp._tcp.local.",
    "_ipps._tcp.local.",
    "_pdl-datastream._tcp.local.",
    "_printer._tcp.local.",
)
RESOLVE_MS = 3000


async def discover(scout: Scout) -> AsyncIterator[Sighting]:
    """Each announced printer, once for each of its addresses, for as long as `scout.listen` says."""
    found: asyncio.Queue[Sighting | None] = asyncio.Queue()
    interfaces = list(scout.territory.config.mdns.interfaces) or InterfaceChoice.Default
    zeroconf = AsyncZeroconf(interfaces=interfaces)
    names: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    browser = AsyncServiceBrowser(zeroconf.zeroconf, list(SERVICES), handlers=[_announced(names)])
    resolver = asyncio.create_task(_resolve(zeroconf, names, found, scout))
    ender = asyncio.create_task(_end(found, scout.listen))
    seen = set(scout.skip)
    try:
        while (sighting := await found.get()) is not None:
            if sighting.address not in seen:
                seen.add(sighting.address)
                yield sighting
    finally:
        ender.cancel()
        resolver.cancel()
        await browser.async_cancel()
        await zeroconf.async_close()


def _announced(names: asyncio.Queue[tuple[str, str]]) -> Callable[..., None]:
    """A zeroconf handler that queues every service added or changed."""

    def handle(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        del zeroconf
        if state_change is not ServiceStateChange.Removed:
            names.put_nowait((service_type, name))

    return handle


async def _resolve(
    zeroconf: AsyncZeroconf,
    names: asyncio.Queue[tuple[str, str]],
    found: asyncio.Queue[Sighting | None],
    scout: Scout,
) -> None:
    while True:
        service, name = await names.get()
        info = AsyncServiceInfo(service, name)
        if await info.async_request(zeroconf.zeroconf, RESOLVE_MS):
            for host in info.parsed_addresses():
                await found.put(sighting(scout, host, info.properties))


async def _end(found: asyncio.Queue[Sighting | None], listen: float | None) -> None:
    if listen is not None:
        await asyncio.sleep(listen)
        await found.put(None)


def sighting(scout: Scout, host: str, txt: Mapping[bytes, bytes | None]) -> Sighting:
    """What the TXT record tells: `ty` the human name, `UUID` the device UUID, `usb_MFG`, `usb_MDL`."""
    said = {key.decode("ascii", "replace").lower(): text.decode(value or b"") for key, value in txt.items()}
    uuid = said.get("uuid", "").lower().removeprefix("urn:uuid:")
    maker = " ".join(part for part in (said.get("usb_mfg"), said.get("usb_mdl")) if part)
    return Sighting(
        address=scout.territory.address(host),
        via="mdns",
        at=scout.clock.now(),
        is_printer=True,
        model=said.get("ty") or maker or None,
        uuid=uuid or None,
    )
