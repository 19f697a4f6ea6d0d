"""Browse for announced printers with zeroconf: loaded only if mDNS is switched on, since it takes 3 MB.

    announcement ──► its records came with it ─────────────────────────► sighting
                └──► records are missing ──► asked for, 64 names at once ──► sighting, or given up

Any host may announce any name. What zeroconf cannot use is counted and skipped, and a flood of names without
addresses takes a bounded queue: an announcement that carries its records, as printers send it, passes by it.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from zeroconf import InterfaceChoice, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from agent.core.model import Address, IppPlace, Sighting
from agent.discovery.methods import DiscoveryContext, _txt
from agent.discovery.methods._ipp_places import AnnouncedServices, parse_place

SERVICES = (
    "_ipp._tcp.local.",
    "_ipps._tcp.local.",
    "_pdl-datastream._tcp.local.",
    "_printer._tcp.local.",
)
RESOLVE_MS = 3000
REPEAT_AFTER = 3600.0  # seconds after which an announcement at the same address is passed on again
MAX_RESOLVING = 64  # names whose records are asked for at the same time
MAX_UNRESOLVED = 256  # names that wait for that; more are given up until they are announced again
MAX_GATHERING = 5000  # addresses whose services are gathered at the same time
MAX_RECORDS = 8  # TXT records of one address
MAX_LABEL = 63  # octets (RFC 1035, 2.3.4)
MAX_CACHED = 5000  # records in zeroconf's cache, which holds 10,000
TRIM_INTERVAL = 1.0  # seconds between looks at it
MAX_SEEN = 20_000  # addresses that are remembered as reported

ServiceName = tuple[str, str]  # type and name


async def discover(scout: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each announced printer, once for each of its addresses, for as long as `scout.listen` says."""
    interfaces = list(scout.policy.config.mdns.interfaces) or InterfaceChoice.Default
    zeroconf = AsyncZeroconf(interfaces=interfaces)
    listener = AnnouncementListener(zeroconf.zeroconf, scout)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, list(SERVICES), handlers=[listener.handle_change])
    resolver = asyncio.create_task(listener.resolve_names(), name="mdns resolver")
    resolver.add_done_callback(lambda _: listener.found.put_nowait(None))
    if scout.listen is not None:
        asyncio.get_running_loop().call_later(scout.listen, listener.found.put_nowait, None)
    reported = ReportedSightings(scout.skip)
    try:
        while (sighting := await listener.found.get()) is not None:
            if reported.add_sighting(sighting):
                yield sighting
        if resolver.done():
            resolver.result()  # raises what ended it
    finally:
        resolver.cancel()
        await browser.async_cancel()
        await zeroconf.async_close()


class ReportedSightings:
    """The addresses reported so far; `known` printers are reported only for where they answer IPP."""

    def __init__(self, known: frozenset[Address]) -> None:
        self._known = known
        self._last: dict[Address, tuple[float, tuple[IppPlace, ...]]] = {}

    def add_sighting(self, sighting: Sighting) -> bool:
        """Tell if this sighting is to be reported: a new address, another place for IPP, or an hour later."""
        places = sighting.announced.ipp if sighting.announced else ()
        never = math.inf if sighting.address in self._known else -math.inf
        at, before = self._last.get(sighting.address, (never, ()))
        if sighting.at - at <= REPEAT_AFTER and places in {(), before}:
            return False
        if len(self._last) >= MAX_SEEN:
            self._last.clear()
        self._last[sighting.address] = (max(at, sighting.at), places)
        return True


@dataclass(slots=True)
class AnnouncementListener:
    """The announcements on the link, and the sightings that they make."""

    zeroconf: Zeroconf
    scout: DiscoveryContext
    found: "asyncio.Queue[Sighting | None]" = field(default_factory=asyncio.Queue)
    _unresolved: dict[ServiceName, None] = field(default_factory=dict)  # in the order of arrival
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _gathering: dict[str, deque[Mapping[bytes, bytes | None]]] = field(default_factory=dict)
    _services: AnnouncedServices = field(default_factory=AnnouncedServices)

    def handle_change(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        """Take in one service that was added or changed (a handler of zeroconf)."""
        if state_change is ServiceStateChange.Removed:
            self._services.remove_service((service_type, name))
            return
        try:
            if any(len(label.encode()) > MAX_LABEL for label in name.split(".")):
                self._forget_name(service_type, name)
                return
            info = AsyncServiceInfo(service_type, name)
            if info.load_from_cache(zeroconf):
                self._gather_records(info)
            elif len(self._unresolved) < MAX_UNRESOLVED:
                self._unresolved[service_type, name] = None
                self._arrived.set()
        except Exception as why:  # noqa: BLE001 - any host may announce any name, and zeroconf has many errors
            self.scout.failures.record_failure("an announcement over mDNS", why)

    async def resolve_names(self) -> None:
        """Ask for the records of names that came without, so many at once, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TRIM_INTERVAL):
                    await self._arrived.wait()
            self._trim_cache()
            batch = list(self._unresolved)[:MAX_RESOLVING]
            await asyncio.gather(*(self._resolve_name(*name) for name in batch))
            for name in batch:
                self._unresolved.pop(name, None)
            if not self._unresolved:
                self._arrived.clear()

    def _forget_name(self, service_type: str, name: str) -> None:
        """Drop a name that zeroconf took in and cannot write: each of its questions would fail on it."""
        cache = self.zeroconf.cache
        records = cache.entries_with_name(service_type)
        cache.async_remove_records([one for one in records if getattr(one, "alias", "") == name])

    def _trim_cache(self) -> None:
        """Empty zeroconf's cache before a flood fills it: full, it drops the records that expire first.

        A hostile host announces for years, a printer for minutes: the printer's would go.
        """
        cache = self.zeroconf.cache
        if sum(map(len, cache.cache.values())) > MAX_CACHED:
            cache.async_remove_records([record for store in cache.cache.values() for record in store])

    async def _resolve_name(self, service_type: str, name: str) -> None:
        try:
            info = AsyncServiceInfo(service_type, name)
            if await info.async_request(self.zeroconf, RESOLVE_MS):
                self._gather_records(info)
        except Exception as why:  # noqa: BLE001 - as in `handle_change`
            self.scout.failures.record_failure("an announcement over mDNS", why)

    def _gather_records(self, info: AsyncServiceInfo) -> None:
        """Keep the records of each address, and report it once the other services of the printer are in."""
        place = parse_place(info.type, info.port, info.properties)
        for host in info.parsed_addresses():
            if place and self.scout.policy.permits_host(host):
                self._services.add_service(host, (info.type, info.name), place)
            if host not in self._gathering:
                if len(self._gathering) >= MAX_GATHERING:
                    return
                self._gathering[host] = deque(maxlen=MAX_RECORDS)
                asyncio.get_running_loop().call_later(
                    self._services.pause_before(host), self._report_host, host
                )
            self._gathering[host].append(_txt.without_queue(info.type, info.properties))

    def _report_host(self, host: str) -> None:
        records = self._gathering.pop(host)
        try:
            places = self._services.list_places(host)
            merged = _txt.merge_records(records)
            self.found.put_nowait(_txt.build_sighting(self.scout, "mdns", host, merged, places))
        except Exception as why:  # noqa: BLE001 - as in `handle_change`
            self.scout.failures.record_failure("an announcement over mDNS", why)
