"""`printwarden probe HOST` where SNMP is silent: the printer by IPP, as announced or at the usual port."""

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, cast

from agent.cli import _common

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agent.collectors._vendor.vendor_profiles import Profiles
    from agent.config import Config
    from agent.core.model import Address, IppPlace, Sighting, Snapshot

LISTEN = 5.0  # seconds at most for the answer to the mDNS question: printers answer within half a second
PATIENCE = 10.0  # seconds for the answer over IPP


def read_silent_host(address: "Address", profiles: "Profiles | None") -> "Snapshot | None":
    """Read the printer by IPP and say so; None if it does not answer IPP either."""
    from agent.core.errors import ReadingError

    try:
        snapshot, place = asyncio.run(_read_by_ipp(address, profiles))
    except ReadingError:
        return None
    _common.err.print(f"{address}: no answer to SNMP; read by IPP at {place}", markup=False, soft_wrap=True)
    return snapshot


async def _read_by_ipp(address: "Address", profiles: "Profiles | None") -> "tuple[Snapshot, str]":
    from agent.collectors import ipp
    from agent.collectors._vendor import vendor_profiles
    from agent.collectors._visit import Visit
    from agent.core.clock import Clock
    from agent.core.model import Tier

    settings = _build_settings(address.host)
    visit = Visit(
        at=Clock().now(),
        config=settings,
        profiles=vendor_profiles.load_shipped() if profiles is None else profiles,
        address=address,
        tiers=frozenset(Tier),
        announced=await _find_places(address.host, settings),
    )
    answer = await ipp.collect(visit)
    return answer.snapshot, answer.learned


def _build_settings(host: str) -> "Config":
    """Build a configuration with one network: the host alone; mDNS on the interface that leads to it."""
    from agent import config

    settings = {
        "network": [{"cidr": host, "sweep": False}],
        "ipp": {"timeout": f"{PATIENCE:g} s"},
        "mdns": {"interfaces": _find_interface(host)},
    }
    return config.build_config(settings, Path.cwd())


def _find_interface(host: str) -> list[str]:
    """Find the address of this machine from which `host` is reached; nothing is sent."""
    if ":" in host:
        return []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            route.connect((host, 9))
        except OSError:
            return []
        return [str(route.getsockname()[0])]


async def _find_places(host: str, settings: "Config") -> "tuple[IppPlace, ...]":
    """Ask over mDNS where `host` answers IPP; empty if it announces nothing, or mDNS cannot be used."""
    from agent.config.access_policy import AccessPolicy
    from agent.core.clock import Clock
    from agent.discovery.methods import DiscoveryContext, mdns
    from agent.snmp.engine import SnmpClient

    context = DiscoveryContext(
        policy=AccessPolicy.from_config(settings), clock=Clock(), prober=SnmpClient(), listen=LISTEN
    )
    try:
        async with aclosing(cast("AsyncGenerator[Sighting]", mdns.discover(context))) as sightings:
            async for sighting in sightings:
                if sighting.address.host == host and sighting.announced and sighting.announced.ipp:
                    return sighting.announced.ipp
    except OSError:
        pass
    return ()
