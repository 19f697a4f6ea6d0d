"""Asking every address of the configured networks, politely, and only with "public".

One prepared packet goes to each address that is permitted and not known, paced, in two rounds:

1. v2c, three questions at once, so that most printers are told from switches without asking again;
2. v1, one question, to the silent only: for what was lost on the way, and for what speaks only v1
   (there one unknown object would fail the whole request: RFC 1157, 4.1.2).
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

from agent.config import Config
from agent.core.model import Address, Credential, Sighting
from agent.discovery.methods import Cadence, DiscoveryContext, DiscoveryProgress
from agent.snmp.oid import oid
from agent.snmp.reader import SnmpValue

CADENCE: Cadence = "sweep"

SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
HR_DEVICE_TYPE = oid("1.3.6.1.2.1.25.3.2.1.2.1")  # of hrDeviceIndex 1, where printers nearly always are
PRT_CONFIG_CHANGES = oid("1.3.6.1.2.1.43.5.1.1.1.1")
HR_DEVICE_PRINTER = oid("1.3.6.1.2.1.25.3.1.5")
ROUNDS = (("2c", (SYS_OBJECT_ID, HR_DEVICE_TYPE, PRT_CONFIG_CHANGES)), ("1", (SYS_OBJECT_ID,)))


def enabled(_config: Config) -> bool:
    """Always: each `[[network]]` says whether it is swept."""
    return True


async def discover(scout: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Whatever answers in the networks that are swept; `is_printer` is None where one packet cannot tell."""
    for community, addresses in _group_by_credential(scout):
        silent = dict.fromkeys(_remaining_addresses(addresses, scout.resume_after))
        done, total = 0, len(silent)
        for version, questions in ROUNDS:
            asked = list(silent)
            credential = replace(community, version=version)
            told = _track_progress(scout, asked, done, total)
            async for address, values in scout.prober.probe_addresses(told, credential, questions):
                if address in silent:
                    del silent[address]
                    yield _build_sighting(scout, address, values, community)
            done += len(asked)
            total = done + len(silent)


def _remaining_addresses(addresses: list[Address], after: str) -> list[Address]:
    """What an interrupted sweep left: everything behind the host that it asked last."""
    hosts = [address.host for address in addresses]
    return addresses[hosts.index(after) + 1 :] if after in hosts else addresses


def _track_progress(
    scout: DiscoveryContext, addresses: Sequence[Address], done: int, total: int
) -> Iterator[Address]:
    """The addresses, telling of progress as they are taken to be asked."""
    for count, address in enumerate(addresses, 1):
        yield address
        host = address.host if done == 0 else ""
        scout.on_progress(DiscoveryProgress(via="sweep", done=done + count, total=total, host=host))


def _group_by_credential(scout: DiscoveryContext) -> list[tuple[Credential, list[Address]]]:
    """The addresses to ask, by the credential that may be sent to strangers there."""
    found: dict[Credential, dict[Address, None]] = {}
    for network in scout.policy.config.network:
        credential = scout.policy.sweep_credential(network)
        if network.sweep and credential:
            for host in scout.policy.sweep_hosts(network):
                address = Address(host, network.snmp_port)
                if address not in scout.skip:
                    found.setdefault(credential, {})[address] = None
    return [(credential, list(addresses)) for credential, addresses in found.items()]


def is_printer(values: Mapping[bytes, SnmpValue]) -> bool | None:
    """True if the Printer MIB or hrDeviceType says so; None if it takes a closer look."""
    if isinstance(values.get(PRT_CONFIG_CHANGES), int):
        return True
    if values.get(HR_DEVICE_TYPE) == HR_DEVICE_PRINTER:
        return True
    return None


def _build_sighting(
    scout: DiscoveryContext, address: Address, values: Mapping[bytes, SnmpValue], credential: Credential
) -> Sighting:
    return Sighting(
        address=address,
        via="sweep",
        at=scout.clock.now(),
        is_printer=is_printer(values),
        credential=credential.name,
    )
