"""What a well-behaved simulated agent answers, over a socket, to a client that is not ours."""

from collections.abc import Callable

import pytest
from loopback import own

from agent.core.model import Address
from agent.simulator.ber import BerTag, BerValue, Oid
from agent.simulator.device import SimulatedDevice
from agent.simulator.endpoint import PacketKind
from agent.simulator.mib import MibTree
from agent.simulator.walk import StaticDevice

COLUMN: Oid = (1, 3, 6, 1, 2, 1, 43, 11, 1, 1)
VALUES = {
    (1, 3, 6, 1, 2, 1, 1, 1, 0): BerValue(BerTag.OCTETS, b"a printer"),
    (1, 3, 6, 1, 2, 1, 1, 5, 0): BerValue(BerTag.OCTETS, b"its name"),
    (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 1): BerValue(BerTag.COUNTER64, 1 << 40),
    **{(*COLUMN, 6, 1, row): BerValue(BerTag.OCTETS, b"t" * 500) for row in range(1, 31)},
    **{(*COLUMN, 9, 1, row): BerValue(BerTag.INTEGER, row) for row in range(1, 31)},
}
DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)
UNKNOWN: Oid = (1, 3, 6, 1, 2, 1, 1, 9, 0)


@pytest.fixture
async def device(play: Callable) -> SimulatedDevice:
    member = SimulatedDevice(address=Address(own("102.1"), 0), source=StaticDevice(VALUES), name="one")
    return (await play(member)).members[0]


def kinds(varbinds: list[tuple[Oid, object]]) -> list[str]:
    return [value.__class__.__name__ for _, value in varbinds]


async def test_get_answers_in_the_order_of_the_question(device: SimulatedDevice, client: Callable) -> None:
    said = await client(device.address).ask("get", NAME, DESCR, NAME)
    assert [bytes(value) for _, value in said.varbinds] == [b"its name", b"a printer", b"its name"]
    assert said.request_id == 77


async def test_v2c_names_each_missing_value_by_its_exception(
    device: SimulatedDevice, client: Callable
) -> None:
    said = await client(device.address).ask("get", DESCR, UNKNOWN, (*COLUMN, 9, 1, 99))
    assert (said.status, kinds(said.varbinds)) == (0, ["OctetString", "NoSuchObject", "NoSuchInstance"])


async def test_v1_fails_the_whole_request_at_the_first_missing_value(
    device: SimulatedDevice, client: Callable
) -> None:
    said = await client(device.address, version=0).ask("get", DESCR, UNKNOWN)
    assert (said.status, said.index) == (2, 2)
    assert [oid for oid, _ in said.varbinds] == [DESCR, UNKNOWN]


async def test_v2c_says_where_the_tree_ends(device: SimulatedDevice, client: Callable) -> None:
    said = await client(device.address).ask("next", (*COLUMN, 9, 1, 30))
    assert (said.status, kinds(said.varbinds)) == (0, ["EndOfMibView"])


async def test_v1_says_no_such_name_where_the_tree_ends(device: SimulatedDevice, client: Callable) -> None:
    assert (await client(device.address, version=0).ask("next", (*COLUMN, 9, 1, 30))).status == 2


async def test_v1_never_meets_a_counter_of_64_bits(device: SimulatedDevice, client: Callable) -> None:
    one, two = client(device.address, version=0), client(device.address)
    before, counter = NAME, (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 1)
    assert (await two.ask("next", before)).varbinds[0][0] == counter
    assert (await one.ask("next", before)).varbinds[0][0] == (*COLUMN, 6, 1, 1)
    assert (await one.ask("get", counter)).status == 2


async def test_bulk_goes_row_by_row_over_several_columns(device: SimulatedDevice, client: Callable) -> None:
    said = await client(device.address).ask("bulk", (*COLUMN, 9), (1, 3, 6, 1, 2, 1, 1), repeat=3)
    assert [oid for oid, _ in said.varbinds] == [
        (*COLUMN, 9, 1, 1),
        DESCR,
        (*COLUMN, 9, 1, 2),
        NAME,
        (*COLUMN, 9, 1, 3),
        (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 1),
    ]


async def test_bulk_sends_as_much_as_fits_into_a_packet(device: SimulatedDevice, client: Callable) -> None:
    said = await client(device.address).ask("bulk", (*COLUMN, 6), repeat=30)
    assert said.status == 0
    assert 10 <= len(said.varbinds) < 30


async def test_bulk_stops_behind_the_end(device: SimulatedDevice, client: Callable) -> None:
    said = await client(device.address).ask("bulk", (*COLUMN, 9, 1, 28), repeat=10)
    assert [oid[-1] for oid, _ in said.varbinds] == [29, 30, 30]
    assert kinds(said.varbinds)[-1] == "EndOfMibView"


async def test_what_does_not_fit_is_too_big(device: SimulatedDevice, client: Callable) -> None:
    wanted = [(*COLUMN, 6, 1, row) for row in range(1, 31)]
    for version in (0, 1):
        said = await client(device.address, version=version).ask("get", *wanted)
        assert (said.status, said.index) == (1, 0)


@pytest.mark.parametrize(("version", "status"), [(0, 2), (1, 17)])
async def test_nobody_may_write(version: int, status: int, device: SimulatedDevice, client: Callable) -> None:
    said = await client(device.address, version=version).ask("set", NAME)
    assert (said.status, said.index) == (status, 1)
    assert bytes((await client(device.address).ask("get", NAME)).varbinds[0][1]) == b"its name"


async def test_a_wrong_community_meets_silence(play: Callable, client: Callable) -> None:
    fleet = await play(
        SimulatedDevice(address=Address(own("102.1"), 0), source=StaticDevice(VALUES), name="one")
    )
    assert await client(fleet.members[0].address, community="guess").silent(fleet, "get", DESCR)
    assert not await client(fleet.members[0].address).silent(fleet, "get", DESCR)


@pytest.mark.parametrize("spoken", ["1", "2c"])
async def test_a_version_that_is_not_spoken_meets_silence(
    spoken: str, play: Callable, client: Callable
) -> None:
    member = SimulatedDevice(
        address=Address(own("102.1"), 0),
        source=StaticDevice(VALUES),
        name="one",
        versions=frozenset({spoken}),
    )
    fleet = await play(member)
    for version, number in (("1", 0), ("2c", 1)):
        asking = client(fleet.members[0].address, version=number)
        assert await asking.silent(fleet, "get", DESCR) == (version != spoken)


async def test_every_packet_is_counted_by_version_community_and_kind(
    play: Callable, client: Callable
) -> None:
    fleet = await play(
        *(
            SimulatedDevice(address=Address(own(f"102.{n}"), 0), source=StaticDevice(VALUES), name=f"{n}")
            for n in (1, 2)
        )
    )
    first, second = fleet.members
    await client(first.address, version=0).ask("get", DESCR)
    await client(first.address).ask("next", DESCR)
    await client(first.address).ask("next", DESCR)
    await client(first.address, community="secret").silent(fleet, "bulk", DESCR)
    await client(first.address).send(b"no packet at all")
    await client(first.address).ask("set", DESCR)
    assert fleet.count_packets(first.address.host) == {
        PacketKind("1", "public", "GET"): 1,
        PacketKind("2c", "public", "GET_NEXT"): 2,
        PacketKind("2c", "secret", "GET_BULK"): 1,
        PacketKind("?", "", ""): 1,
        PacketKind("2c", "public", "SET"): 1,
    }
    assert not fleet.count_packets(second.address.host)
    assert fleet.count_packets().total() == 6


def test_a_changed_tree_leaves_the_old_one_as_it_was() -> None:
    old = MibTree(VALUES)
    new = old.with_changes({NAME: BerValue(BerTag.OCTETS, b"another")})
    assert (old.get(NAME).content, new.get(NAME).content) == (b"its name", b"another")
    assert new.next_after(DESCR) == (NAME, BerValue(BerTag.OCTETS, b"another"))
