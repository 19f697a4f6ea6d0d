"""Browse for announced printers with zeroconf: loaded only where mDNS is switched on (it takes 3 MB)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from zeroconf import InterfaceChoice, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from agent.core.model import Sighting
from agent.discovery.methods import DiscoveryContext, _txt

SERVICES = (
    "_ipp._tcp.local.",
    "_ipps._tcp.local.",
    "_pdl-datastream._tcp.local.",
    "_printer._tcp.local.",
)
RESOLVE_MS = 3000
GATHER = 0.7  # seconds to wait for the other services of a printer


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each announced printer, once for each of its addresses, for `context.listen` seconds."""
    found: asyncio.Queue[Sighting | None] = asyncio.Queue()
    interfaces = list(context.policy.config.mdns.interfaces) or InterfaceChoice.Default
    zeroconf = AsyncZeroconf(interfaces=interfaces)
    names: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    browser = AsyncServiceBrowser(zeroconf.zeroconf, list(SERVICES), handlers=[_make_listener(names)])
    resolver = asyncio.create_task(_resolve_names(zeroconf, names, found, context))
    ender = asyncio.create_task(_stop_after(found, context.listen))
    seen = set(context.skip)
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


def _make_listener(names: asyncio.Queue[tuple[str, str]]) -> Callable[..., None]:
    """Make a zeroconf handler that queues every service added or changed."""

    def handle(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        del zeroconf
        if state_change is not ServiceStateChange.Removed:
            names.put_nowait((service_type, name))

    return handle


async def _resolve_names(
    zeroconf: AsyncZeroconf,
    names: asyncio.Queue[tuple[str, str]],
    found: asyncio.Queue[Sighting | None],
    context: DiscoveryContext,
) -> None:
    """Resolve each announced name to its addresses; the services of one host become one sighting."""
    records: dict[str, list[Mapping[bytes, bytes | None]]] = {}

    def queue_sighting(host: str) -> None:
        found.put_nowait(build_sighting(context, host, _txt.merge_records(records.pop(host))))

    while True:
        service, name = await names.get()
        info = AsyncServiceInfo(service, name)
        if not await info.async_request(zeroconf.zeroconf, RESOLVE_MS):
            continue
        for host in info.parsed_addresses():
            if host not in records:
                records[host] = []
                asyncio.get_running_loop().call_later(GATHER, queue_sighting, host)
            records[host].append(info.properties)


async def _stop_after(found: asyncio.Queue[Sighting | None], listen: float | None) -> None:
    if listen is not None:
        await asyncio.sleep(listen)
        await found.put(None)


def build_sighting(context: DiscoveryContext, host: str, record: Mapping[str, str]) -> Sighting:
    """Build the sighting of the printer announced at `host`; `record` is its TXT record."""
    announced = _txt.parse_announcement(record)
    return Sighting(
        address=context.policy.snmp_address(host),
        via="mdns",
        at=context.clock.now(),
        is_printer=True,
        model=announced.model,
        mac=announced.mac,
        uuid=announced.uuid,
        announced=announced,
    )
