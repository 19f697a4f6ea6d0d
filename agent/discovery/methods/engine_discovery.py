"""Printers that answer no community, found without a secret by SNMPv3 engine discovery (RFC 3414, 4).

An engine answers an empty, unauthenticated request with its engine id, which carries the maker's enterprise
number (RFC 3411, section 5, SnmpEngineID) and often the MAC. Each sweep sends one packet to each address of a
swept network; none to excluded hosts and known printers. Only engines of printer makers (`enterprises` of the
vendor profiles) become sightings, so that other hosts are asked nothing more.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator

from agent.config import Config
from agent.core.model import Address, Sighting
from agent.discovery.methods import AddressProber, Cadence, DiscoveryContext, _swept
from agent.snmp.engine_id import DISCOVERY_REQUEST, EngineId, parse_report

CADENCE: Cadence = "sweep"

LINGER = 2.0  # seconds to wait for answers after the last packet


EngineAnswer = tuple[Address, EngineId]


def enabled(_config: Config) -> bool:
    """Always True: each `[[network]]` says if it is swept."""
    return True


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each host of the swept networks whose engine id carries the number of a printer maker."""
    swept = (network for network in context.policy.config.network if network.sweep)
    addresses = _swept.list_swept_addresses(context, swept)
    for family in (socket.AF_INET, socket.AF_INET6):
        asked = [address for address in addresses if (":" in address.host) == (family == socket.AF_INET6)]
        if not asked:
            continue
        answers: asyncio.Queue[EngineAnswer | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _EngineListener(frozenset(asked), answers),  # noqa: B023 - used at once
            family=family,
            local_addr=("0.0.0.0" if family == socket.AF_INET else "::", 0),  # noqa: S104 - to send from
        )
        sender = asyncio.create_task(_send_paced(transport, context.prober, asked, answers))
        try:
            while (answer := await answers.get()) is not None:
                address, engine = answer
                if engine.enterprise in context.printer_makers:
                    yield _build_sighting(context, address, engine)
            await sender  # so that its errors are the caller's
        finally:
            sender.cancel()
            transport.close()


async def _send_paced(
    transport: asyncio.DatagramTransport,
    prober: AddressProber,
    addresses: list[Address],
    answers: "asyncio.Queue[EngineAnswer | None]",
) -> None:
    """Send one packet to each address, within the budgets that polls and sweeps share."""
    try:
        for address in addresses:
            await prober.wait_for_turn(address)
            transport.sendto(DISCOVERY_REQUEST, tuple(address))
        await asyncio.sleep(LINGER)
    finally:
        answers.put_nowait(None)


def _build_sighting(context: DiscoveryContext, address: Address, engine: EngineId) -> Sighting:
    return Sighting(
        address=address, via="engine", at=context.clock.now(), is_printer_maker=True, mac=engine.mac
    )


class _EngineListener(asyncio.DatagramProtocol):
    """Takes one report from each address that was asked; a foreign or broken datagram is dropped."""

    def __init__(self, asked: frozenset[Address], answers: "asyncio.Queue[EngineAnswer | None]") -> None:
        self._open = set(asked)
        self._answers = answers

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue the first report of an address that was asked."""
        address = Address(str(ipaddress.ip_address(addr[0].partition("%")[0])), addr[1])
        engine = parse_report(data) if address in self._open else None
        if engine is not None:
            self._open.discard(address)
            self._answers.put_nowait((address, engine))
