"""Browse the site's DNS for printers with dnspython: loaded only if `[dns_sd]` is on, since it takes 7 MB.

    b._dns-sd._udp.DOMAIN    PTR ──► further domains (RFC 6763, 11; also of the reverse name of each network)
    _ipp._tcp.DOMAIN, …      PTR ──► instance ── SRV ──► host and port ── A, AAAA ──► address
                                            └── TXT ──► model, location, UUID

A DNS server may answer anything. So the domains, the names and the addresses that are followed are bounded, a
name is asked once, and an answer that cannot be used costs that name alone.
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dns import reversename
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.name import Name, from_text, root
from dns.resolver import NXDOMAIN, NoResolverConfiguration

from agent.config import Config
from agent.config.discovery_sections import DnsSdConfig
from agent.core import text
from agent.core.model import Sighting
from agent.discovery.methods import DiscoveryContext, _txt
from agent.discovery.methods._ipp_places import AnnouncedServices, parse_place

SERVICES = ("_ipp._tcp", "_ipps._tcp", "_pdl-datastream._tcp", "_printer._tcp")
BROWSING = ("b._dns-sd._udp", "lb._dns-sd._udp")
MAX_DOMAINS = 16
MAX_NETWORKS = 64  # whose reverse names are asked for domains
MAX_NAMES = 8000  # instances that are followed in all
MAX_ADDRESSES = 4  # of one host
MAX_FOUND = 5000  # addresses in all
MAX_RECORDS = 4  # TXT records of one address
MAX_TXT = 1300  # octets of one (RFC 6763, 6.2)
MAX_FAILURES = 50  # questions without an answer, after which no more are asked in this pass
CONCURRENCY = 8  # questions under way
PATIENCE = 6.0  # seconds for a question
MAX_REASON = 200  # characters of an error in the log

log = logging.getLogger(__name__)

TxtRecord = Mapping[bytes, bytes | None]


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each printer that the DNS names, once for each of its addresses.

    Raises OSError where this machine has no DNS server.
    """
    resolver, domains = build_resolver(context.policy.config.dns_sd)
    browser = DnsBrowser(resolver)
    found = await browser.browse_domains(domains, list_reverse_names(context.policy.config))
    if browser.failures:
        log.warning(
            "the site's DNS did not answer %d questions about printers, the last: %s",
            browser.failures,
            browser.last_failure,
        )
    for host, records in found.items():
        places = browser.services.list_places(host)
        yield _txt.build_sighting(context, "dns_sd", host, _txt.merge_records(records), places)


def list_reverse_names(config: Config) -> list[Name]:
    """List the names under which networks have domains to browse: "0.10.168.192.in-addr.arpa"."""
    swept = [network.cidr.network_address for network in config.network if network.sweep]
    return [reversename.from_address(str(address)) for address in swept[:MAX_NETWORKS]]


def build_resolver(settings: DnsSdConfig) -> tuple[Resolver, list[Name]]:
    """Build the resolver, and list the domains to begin with. Raises OSError without a server."""
    try:
        system = None if settings.servers and settings.domains else Resolver()
    except NoResolverConfiguration as why:
        raise OSError(f"this machine names no DNS server; see [dns_sd] servers ({why})") from None
    resolver = Resolver(configure=False)
    resolver.nameservers = list(settings.servers) or (system.nameservers if system else [])
    resolver.port = settings.port
    resolver.lifetime = PATIENCE
    if settings.domains:
        return resolver, [from_text(domain) for domain in settings.domains]
    found = [*system.search, system.domain] if system else []
    return resolver, [domain for domain in dict.fromkeys(found) if domain not in {None, root}]


@dataclass(slots=True)
class DnsBrowser:
    """One pass over the domains: what was asked, and what was found."""

    resolver: Resolver
    failures: int = 0
    last_failure: str = ""
    services: AnnouncedServices = field(default_factory=AnnouncedServices)  # by address
    _limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENCY))
    _followed: set[Name] = field(default_factory=set)
    _addresses: dict[Name, "asyncio.Task[list[str]]"] = field(default_factory=dict)  # by host
    _found: dict[str, list[TxtRecord]] = field(default_factory=dict)  # by address

    async def browse_domains(
        self, domains: Iterable[Name], networks: Iterable[Name] = ()
    ) -> dict[str, list[TxtRecord]]:
        """Return the TXT records of the printers that these domains name, by address.

        `networks`: reverse names, which may name further domains and hold no printers.
        """
        wanted = dict.fromkeys(domains)
        for name in [*[*wanted][:MAX_DOMAINS], *networks]:
            for prefix in BROWSING:
                pointers = await self._ask(_join_names(prefix, name), "PTR")
                wanted |= dict.fromkeys(pointer.target for pointer in pointers[:MAX_DOMAINS])
        for domain in [*wanted][:MAX_DOMAINS]:
            for service in SERVICES:
                pointers = await self._ask(_join_names(service, domain), "PTR")
                await self._follow_names(service, [pointer.target for pointer in pointers])
        return self._found

    async def _follow_names(self, service: str, names: list[Name]) -> None:
        """Resolve instances; each is asked once, and in all only so many."""
        fresh = [name for name in dict.fromkeys(names) if name not in self._followed]
        fresh = fresh[: MAX_NAMES - len(self._followed)]
        self._followed.update(fresh)
        for start in range(0, len(fresh), CONCURRENCY):
            part = fresh[start : start + CONCURRENCY]
            await asyncio.gather(*(self._follow_name(service, name) for name in part))

    async def _follow_name(self, service: str, instance: Name) -> None:
        servers, texts = await self._ask(instance, "SRV"), await self._ask(instance, "TXT")
        record = parse_strings(texts[0].strings) if texts else {}
        for server in servers[:1]:
            if server.target not in {root, instance}:
                place = parse_place(service, server.port, record)
                for address in await self._find_addresses(server.target):
                    self._add_record(address, _txt.without_queue(service, record))
                    if place:
                        self.services.add_service(address, (service, str(instance)), place)

    def _add_record(self, address: str, record: TxtRecord) -> None:
        records = self._found.get(address, [])
        if len(records) < MAX_RECORDS and (address in self._found or len(self._found) < MAX_FOUND):
            self._found[address] = [*records, record]

    async def _find_addresses(self, host: Name) -> list[str]:
        if host not in self._addresses:
            self._addresses[host] = asyncio.create_task(self._ask_addresses(host))
        return await self._addresses[host]

    async def _ask_addresses(self, host: Name) -> list[str]:
        answers = [*await self._ask(host, "A"), *await self._ask(host, "AAAA")]
        return [str(ipaddress.ip_address(one.address)) for one in answers[:MAX_ADDRESSES]]

    async def _ask(self, name: Name | None, kind: str) -> list[Any]:
        """Return the records of this kind; none without an answer that can be used."""
        if name is None or self.failures >= MAX_FAILURES:
            return []
        try:
            async with self._limit, asyncio.timeout(PATIENCE + 1):
                answer = await self.resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except NXDOMAIN:
            return []
        except (DNSException, OSError, TimeoutError, ValueError) as why:
            self.failures += 1
            self.last_failure = text.clean_text(f"{type(why).__name__}: {why}")[:MAX_REASON]
            return []
        return list(answer.rrset or ())


def _join_names(prefix: str, domain: Name) -> Name | None:
    """Return the name below `domain`; None if it is too long."""
    try:
        return from_text(prefix, domain)
    except DNSException:
        return None


def parse_strings(strings: Iterable[bytes]) -> dict[bytes, bytes | None]:
    """Parse the strings of a TXT record (RFC 6763, 6.3, 6.4), up to MAX_TXT: the first of a key counts."""
    found: dict[bytes, bytes | None] = {}
    size = 0
    for one in strings:
        size += 1 + len(one)
        if size > MAX_TXT:
            break
        key, equals, value = one.partition(b"=")
        if key:
            found.setdefault(key, value if equals else None)
    return found
