"""A DNS server on loopback that holds a few records, and counts what it is asked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import dns.message
import dns.rrset
from loopback import free_port

Records = Iterable[tuple[str, str, str]]
"""(name, type, data) as a zone file has them."""


class DnsServer(asyncio.DatagramProtocol):
    """Answers by its records; `bend(wire)` changes each answer."""

    def __init__(self, records: Records, bend: Callable[[bytes], bytes]) -> None:
        self.records = list(records)
        self.bend = bend
        self.asked: Counter[tuple[str, str]] = Counter()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        request = dns.message.from_wire(data)
        question = request.question[0]
        name, kind = str(question.name).lower().rstrip("."), question.rdtype.name
        self.asked[name, kind] += 1
        found = [rdata for owner, of, rdata in self.records if (owner.lower(), of) == (name, kind)]
        response = dns.message.make_response(request)
        if found:
            response.answer.append(dns.rrset.from_text(question.name, 120, "IN", kind, *found))
        self.transport.sendto(self.bend(response.to_wire(max_size=65_535)), addr)


@asynccontextmanager
async def serve_dns(
    host: str, records: Records, bend: Callable[[bytes], bytes] = bytes
) -> AsyncIterator[tuple[DnsServer, int]]:
    """A server at `host`, and its port, until the block is left."""
    port = free_port(host=host)
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: DnsServer(records, bend), local_addr=(host, port)
    )
    try:
        yield server, port
    finally:
        transport.close()


def printer_records(
    domain: str, name: str, host: str, *, service: str = "_ipp._tcp", txt: str = "", port: int = 631
) -> Records:
    """The records of one printer (RFC 6763, 4 to 6). `name` without spaces and dots."""
    instance, server = f"{name}.{service}.{domain}", f"{name.lower()}.{domain}"
    return [
        (f"{service}.{domain}", "PTR", f"{instance}."),
        (instance, "SRV", f"0 0 {port} {server}."),
        (instance, "TXT", txt or f'"txtvers=1" "rp=ipp/print" "ty={name}"'),
        (server, "AAAA" if ":" in host else "A", host),
    ]
