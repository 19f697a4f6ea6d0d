"""The sweep: whom it asks, with what, and how it goes on after an interruption."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import config
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.model import Address
from agent.discovery.methods import DiscoveryContext, DiscoveryProgress, sweep
from agent.snmp.oid import oid
from agent.snmp.reader import ObjectId

PRINTER = {sweep.PRT_CONFIG_CHANGES: 3}
SWITCH = {sweep.SYS_OBJECT_ID: ObjectId(oid("1.3.6.1.4.1.9.1.516"))}


class Lan:
    """An asker that plays a LAN: who answers which version with what. Notes every question."""

    def __init__(self, **answers):
        self.answers = {host.replace("_", "."): said for host, said in answers.items()}
        self.asked: list[tuple[str, str, str]] = []

    async def probe_addresses(self, addresses, credential, _oids) -> AsyncIterator[tuple[Address, dict]]:
        for address in addresses:
            self.asked.append((credential.version, credential.community, address.host))
            version, values = self.answers.get(address.host, ("", {}))
            if version == credential.version:
                yield address, values


def scout(lan, tmp_path: Path, heard=None, skip=frozenset(), after="", **settings):
    given = {"network": [{"cidr": "192.0.2.0/29"}]} | settings
    return DiscoveryContext(
        policy=AccessPolicy.from_config(config.build_config(given, tmp_path)),
        clock=Clock(),
        prober=lan,
        skip=skip,
        resume_after=after,
        on_progress=heard or (lambda _: None),
    )


async def swept(*arguments, **settings):
    return {one.address.host: one async for one in sweep.discover(scout(*arguments, **settings))}


def hosts(lan, version):
    return [host for asked, _, host in lan.asked if asked == version]


async def test_everybody_is_asked_in_v2c_and_the_silent_once_more_in_v1(tmp_path):
    lan = Lan(**{"192_0_2_2": ("2c", PRINTER)})
    await swept(lan, tmp_path)
    assert hosts(lan, "2c") == [f"192.0.2.{n}" for n in range(1, 7)]
    assert hosts(lan, "1") == [f"192.0.2.{n}" for n in (1, 3, 4, 5, 6)]


async def test_a_printer_that_speaks_only_v1_is_found_in_the_second_round(tmp_path):
    lan = Lan(**{"192_0_2_5": ("1", {})})
    found = await swept(lan, tmp_path)
    assert found["192.0.2.5"].is_printer is None
    assert found["192.0.2.5"].credential == "public"


async def test_one_packet_tells_a_printer_where_its_mib_answers(tmp_path):
    lan = Lan(**{"192_0_2_2": ("2c", PRINTER), "192_0_2_3": ("2c", SWITCH)})
    found = await swept(lan, tmp_path)
    assert {host: one.is_printer for host, one in found.items()} == {"192.0.2.2": True, "192.0.2.3": None}


async def test_what_is_excluded_or_known_is_not_asked(tmp_path):
    lan = Lan()
    known = frozenset({Address("192.0.2.1")})
    await swept(lan, tmp_path, skip=known, exclude={"hosts": ["192.0.2.2"], "networks": ["192.0.2.4/31"]})
    assert set(hosts(lan, "2c")) == {"192.0.2.3", "192.0.2.6"}


@pytest.mark.parametrize("credentials", [["secret"], ["v3"], ["secret", "v3"]])
async def test_a_network_without_public_is_not_swept_with_anything_else(tmp_path, credentials):
    declared = [
        {"name": "secret", "community": "not-for-strangers"},
        {"name": "v3", "version": "3", "user": "mps"},
    ]
    networks = [{"cidr": "192.0.2.0/29", "credentials": credentials}]
    lan = Lan()
    await swept(lan, tmp_path, network=networks, credential=declared)
    assert lan.asked == []


async def test_only_public_is_sent_to_strangers(tmp_path):
    networks = [{"cidr": "192.0.2.0/29", "credentials": ["secret", "public"]}]
    lan = Lan()
    await swept(lan, tmp_path, network=networks, credential=[{"name": "secret", "community": "private-one"}])
    assert {community for _, community, _ in lan.asked} == {"public"}


async def test_an_interrupted_sweep_goes_on_behind_the_last_host(tmp_path):
    lan = Lan()
    await swept(lan, tmp_path, after="192.0.2.4")
    assert hosts(lan, "2c") == ["192.0.2.5", "192.0.2.6"]


async def test_a_host_that_is_not_of_this_network_starts_from_the_beginning(tmp_path):
    lan = Lan()
    await swept(lan, tmp_path, after="198.51.100.1")
    assert len(hosts(lan, "2c")) == 6


async def test_progress_is_told_for_each_address_and_never_runs_backwards(tmp_path):
    told: list[DiscoveryProgress] = []
    lan = Lan(**{"192_0_2_2": ("2c", PRINTER)})
    await swept(lan, tmp_path, told.append)
    assert [one.done for one in told] == list(range(1, 12))
    assert told[-1].done == told[-1].total
    assert [one.host for one in told[:6]] == [f"192.0.2.{n}" for n in range(1, 7)]
    assert {one.host for one in told[6:]} == {""}
