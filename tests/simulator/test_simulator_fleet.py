"""A fleet as a whole: addresses, ports, the guard, and that a restart cannot be told from going on."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from fleets import demo_fleet
from loopback import own, own_far

from agent.core.clock import Clock
from agent.core.errors import ConfigError
from agent.core.model import Address
from agent.simulator import models
from agent.simulator.ber import Oid
from agent.simulator.device import SimulatedDevice, build_printer
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.fleets import build_demo_devices

DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
BASE = own("104.1")


def at(hours: float) -> Clock:
    """A clock that stands still so many hours after second 0."""
    return Clock(speed=1e-12, real_start=0.0, started=hours * 3600)


async def shown(fleet: SimulatedFleet, client: Callable) -> dict[str, list[tuple[Oid, object]]]:
    """The Printer MIB of each v1/v2c printer that is there and awake."""
    asked = [m for m in fleet.printers if m.versions and m.story not in {"falls_silent", "sleeps"}]

    async def walk(member: SimulatedDevice) -> list[tuple[Oid, object]]:
        bulk = "2c" in member.versions
        one = client(member.address, version=int(bulk))
        return await one.walk((1, 3, 6, 1, 2, 1, 43), kind="bulk" if bulk else "next")

    walks = await asyncio.gather(*map(walk, asked))
    return {member.name: walked for member, walked in zip(asked, walks, strict=True)}


async def test_members_live_where_they_are_told_to_and_share_a_free_port() -> None:
    async with demo_fleet(BASE, 0) as fleet:
        hosts = [member.address.host for member in fleet.members]
        assert hosts[:10] == [own(f"104.{number}") for number in range(1, 11)]
        assert hosts[10:12] == [own_far("104.1"), own_far("104.2")]
        assert len({member.address.port for member in fleet.members}) == 1
        assert fleet.members[0].address.port > 0


async def test_every_printer_answers_in_its_version_and_others_too(client: Callable) -> None:
    async with demo_fleet(BASE, 0, community="shop", clock=Clock.scaled(60)) as fleet:  # one has to wake
        for member in fleet.members:
            if not member.versions or member.name == "a host that answers nothing":
                continue
            one = client(member.address, version=int("2c" in member.versions), community="shop")
            assert (await one.ask("get", DESCR)).status == 0, member.name


async def test_a_host_that_answers_nothing_is_counted_all_the_same(client: Callable) -> None:
    async with demo_fleet(BASE, 0) as fleet:
        nobody = fleet.members[-1]
        assert await client(nobody.address).silent(fleet, "get", DESCR)
        assert fleet.count_packets(nobody.address.host).total() == 1


@pytest.mark.parametrize("hours", [0.5, 7.0, 19.5])
async def test_a_restarted_fleet_shows_what_the_first_would_have_shown(
    hours: float, client: Callable
) -> None:
    async with demo_fleet(BASE, 0, clock=at(hours), started=0.0) as fleet:
        before = await shown(fleet, client)
    async with demo_fleet(BASE, 0, clock=at(hours), started=0.0) as fleet:
        after = await shown(fleet, client)
    assert before == after
    assert len(before) >= 9


async def test_the_same_hour_of_another_start_is_another_state(client: Callable) -> None:
    async with demo_fleet(BASE, 0, clock=at(19.5), started=0.0) as fleet:
        late = await shown(fleet, client)
    async with demo_fleet(BASE, 0, clock=at(19.5), started=19.0 * 3600) as fleet:
        early = await shown(fleet, client)
    changed = {name for name in late if late[name] != early[name]}
    assert changed == set(late)


async def test_everything_moves_on_the_clock(client: Callable) -> None:
    clock = Clock.scaled(3600 * 5)
    async with demo_fleet(BASE, 0, clock=clock) as fleet:
        one = client(fleet.members[0].address)
        first = int((await one.ask("get", UPTIME)).varbinds[0][1])
        await clock.sleep(3600)
        second = int((await one.ask("get", UPTIME)).varbinds[0][1])
    assert second - first >= 3600 * 100


async def test_a_stopped_fleet_starts_again_at_the_same_place_with_new_counts(client: Callable) -> None:
    fleet = demo_fleet(BASE, 0)
    await fleet.start()
    places = [member.address for member in fleet.members]
    await client(places[0]).ask("get", DESCR)
    await fleet.stop()
    assert fleet.count_packets().total() == 1
    await fleet.start()
    assert [member.address for member in fleet.members] == places
    assert fleet.count_packets().total() == 0
    await fleet.stop()


async def test_a_taken_address_is_an_error_and_leaves_no_socket_open() -> None:
    async with demo_fleet(BASE, 0) as first:
        taken = first.members[3].address
        second = SimulatedFleet(
            [
                build_printer(models.HP_M507, "healthy", Address(own("105.1"), taken.port)),
                build_printer(models.HP_M480, "healthy", taken),
            ]
        )
        with pytest.raises(OSError, match="in use"):
            await second.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free_again:
            free_again.bind((own("105.1"), taken.port))


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.20", "8.8.8.8", "2001:db8::1"])
def test_only_loopback_is_ever_bound(host: str) -> None:
    stranger = build_printer(models.HP_M480, "healthy", Address(host, 16161))
    with pytest.raises(ConfigError, match="not a loopback address"):
        SimulatedFleet([stranger])
    assert SimulatedFleet([stranger], anywhere=True).members == (stranger,)


def test_the_stories_of_the_demonstration_promise_four_tickets() -> None:
    promises = {member.key: member.expected_ticket for member in demo_fleet().printers}
    assert len(promises) == 12
    kept = {key: (promise.fault, promise.component) for key, promise in promises.items() if promise}
    assert kept == {
        "sn:PHBLL12345": ("supply.low", "toner:black"),
        "sn:46001234HH56A": ("feed.jams", "tray:2"),
        "sn:3100RC12345": ("fuser.failure", "fuser:1"),
        "sn:3911234567": ("device.offline", ""),
    }


async def test_two_fleets_with_quirks_and_the_same_seed_lose_the_same_packets(client: Callable) -> None:
    async def answered() -> list[bool]:
        member = replace(build_demo_devices(BASE, 0)[0], quirks=("drop=50",))
        async with SimulatedFleet([member], seed=3) as fleet:
            one = client(fleet.members[0].address)
            return [not await one.silent(fleet, "get", DESCR) for _ in range(40)]

    assert await answered() == await answered()
    assert 5 <= sum(await answered()) <= 35
