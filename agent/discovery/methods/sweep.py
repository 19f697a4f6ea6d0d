"""Probe every address of the configured networks, politely, and only with "public".

One prepared packet is sent to each permitted address without a known printer, within the budgets of all
requests, in two rounds:

1. v2c, three questions at once, so that most printers are distinguished from switches by one packet;
2. v1, one question, to the silent only: for lost packets, and for devices that speak only v1
   (there one unknown object would fail the whole request: RFC 1157, 4.1.2).
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

from agent.config import Config, NetworkConfig
from agent.core.model import Address, Credential, Sighting
from agent.discovery.methods import Cadence, DiscoveryContext, DiscoveryProgress, _swept
from agent.snmp.oid import oid
from agent.snmp.reader import SnmpValue

CADENCE: Cadence = "sweep"

SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
HR_DEVICE_TYPE = oid("1.3.6.1.2.1.25.3.2.1.2.1")  # of hrDeviceIndex 1, where printers nearly always are
PRT_CONFIG_CHANGES = oid("1.3.6.1.2.1.43.5.1.1.1.1")
HR_DEVICE_PRINTER = oid("1.3.6.1.2.1.25.3.1.5")
ROUNDS = (("2c", (SYS_OBJECT_ID, HR_DEVICE_TYPE, PRT_CONFIG_CHANGES)), ("1", (SYS_OBJECT_ID,)))


def enabled(_config: Config) -> bool:
    """Always True: each `[[network]]` has a switch of its own."""
    return True


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each host that answers in the swept networks; `is_printer`: None if not decided yet."""
    for community, addresses in _group_by_credential(context):
        silent = dict.fromkeys(_remaining_addresses(addresses, context.resume_after))
        done, total = 0, len(silent)
        for version, questions in ROUNDS:
            targets = list(silent)
            credential = replace(community, version=version)
            tracked = _track_progress(context, targets, done, total)
            async for address, values in context.prober.probe_addresses(tracked, credential, questions):
                if address in silent:
                    del silent[address]
                    yield _build_sighting(context, address, values, community)
            done += len(targets)
            total = done + len(silent)


def _remaining_addresses(addresses: list[Address], after: str) -> list[Address]:
    """List the addresses that an interrupted sweep left: all behind the host that it probed last."""
    hosts = [address.host for address in addresses]
    return addresses[hosts.index(after) + 1 :] if after in hosts else addresses


def _track_progress(
    context: DiscoveryContext, addresses: Sequence[Address], done: int, total: int
) -> Iterator[Address]:
    """Yield the addresses, and report progress as they are taken."""
    for count, address in enumerate(addresses, 1):
        yield address
        host = address.host if done == 0 else ""
        context.on_progress(DiscoveryProgress(via="sweep", done=done + count, total=total, host=host))


def _group_by_credential(context: DiscoveryContext) -> list[tuple[Credential, list[Address]]]:
    """Group the addresses to probe by the credential that may be sent to strangers there."""
    groups: dict[Credential, list[NetworkConfig]] = {}
    for network in context.policy.config.network:
        if network.sweep and (credential := context.policy.sweep_credential(network)):
            groups.setdefault(credential, []).append(network)
    return [
        (credential, _swept.list_swept_addresses(context, networks))
        for credential, networks in groups.items()
    ]


def is_printer(values: Mapping[bytes, SnmpValue]) -> bool | None:
    """Return True if the Printer MIB or hrDeviceType says so; None if it takes a closer look."""
    if isinstance(values.get(PRT_CONFIG_CHANGES), int):
        return True
    if values.get(HR_DEVICE_TYPE) == HR_DEVICE_PRINTER:
        return True
    return None


def _build_sighting(
    context: DiscoveryContext, address: Address, values: Mapping[bytes, SnmpValue], credential: Credential
) -> Sighting:
    return Sighting(
        address=address,
        via="sweep",
        at=context.clock.now(),
        is_printer=is_printer(values),
        credential=credential.name,
    )
