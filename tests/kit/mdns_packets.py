"""Announcements as bytes, good ones and hostile ones, sent to the real multicast group on loopback."""

import random
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from loopback import LOCALHOST, own
from packet_mutations import mutated

IPP = b"_ipp._tcp.local"
PTR, TXT, A, SRV = 12, 16, 1, 33
GROUP = ("224.0.0.251", 5353)


def name(*labels: bytes) -> bytes:
    """A name on the wire (RFC 1035, 3.1); dots in an instance's label stay in it."""
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner: bytes, kind: int, data: bytes, ttl: int = 120) -> bytes:
    return owner + struct.pack(">HHIH", kind, 0x8001 if kind != PTR else 1, ttl, len(data)) + data


def message(*records: bytes) -> bytes:
    """A response (RFC 6762, 18)."""
    return struct.pack(">6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def pointer(target: bytes, service: bytes = IPP) -> bytes:
    """Only the PTR: a name without an address."""
    return message(record(name(*service.split(b".")), PTR, target))


def nameless(instance: bytes) -> bytes:
    return pointer(name(instance, *IPP.split(b".")))


def announcement(
    instance: bytes, host: str, txt: bytes = b"\x05ty=HP", *, port: int = 631, service: bytes = IPP
) -> bytes:
    """A whole printer in one packet, as printers send it."""
    owner, server = name(instance, *service.split(b".")), name(b"host-" + instance[:20], b"local")
    return message(
        record(name(*service.split(b".")), PTR, owner),
        record(owner, SRV, struct.pack(">3H", 0, 0, port) + server),
        record(owner, TXT, txt),
        record(server, A, socket.inet_aton(host)),
    )


HOSTILE = (
    nameless(b"ring\x07bell"),
    pointer(name(b"foo", b"_http", b"_tcp", b"local")),
    pointer(name(b"_ipp", b"_tcp", b"local")),
    pointer(name()),
    pointer(name(b"\xff\xfe" * 20, *IPP.split(b"."))),
    pointer(name(b"x" * 63, b"y" * 63, b"z" * 63, *IPP.split(b"."))),
    announcement(b"bad txt", own("9.9"), txt=b"\xff=\x00\x80" * 30),
)


def fuzzed(seed: int) -> Iterator[bytes]:
    """Packets without end: hostile ones, names without addresses, and damaged announcements."""
    dice = random.Random(seed)
    number = 0
    while True:
        yield from HOSTILE
        for _ in range(20):
            number += 1
            host = own(f"{dice.randrange(256)}.{dice.randrange(256)}")
            yield mutated(announcement(b"fuzz-%d" % number, host), dice)
            yield nameless(b"nameless-%d" % number)


@contextmanager
def multicast() -> Iterator[socket.socket]:
    """A socket whose packets go to the group on loopback only."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOCALHOST))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sender.bind((LOCALHOST, 5353))
        sender.connect(GROUP)
        yield sender
