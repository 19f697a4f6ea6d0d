"""The v3 face, asked by pysnmp's own client over a real socket."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from loopback import own
from pysnmp.hlapi.v3arch import asyncio as hlapi

from agent.core.clock import Clock
from agent.core.model import Address
from agent.simulator import models
from agent.simulator.ber import read_version_and_name
from agent.simulator.device import SimulatedDevice, UsmUser, build_printer
from agent.simulator.endpoint import PacketKind

MODEL = "1.3.6.1.2.1.25.3.2.1.3.1"
ABSENT = "1.3.6.1.2.1.25.3.2.1.3.9"

USERS = {
    "noAuthNoPriv": UsmUser(name="guest"),
    "authNoPriv": UsmUser(name="half", auth_protocol="SHA1", auth_password="one-secret"),
    "authPriv": UsmUser(
        name="whole",
        auth_protocol="SHA256",
        auth_password="one-secret",
        priv_protocol="AES128",
        priv_password="other-secret",
    ),
}
AUTH = {None: hlapi.USM_AUTH_NONE, "SHA1": hlapi.USM_AUTH_HMAC96_SHA, "SHA256": hlapi.USM_AUTH_HMAC192_SHA256}
PRIV = {None: hlapi.USM_PRIV_NONE, "AES128": hlapi.USM_PRIV_CFB128_AES}


def secured(user: UsmUser) -> SimulatedDevice:
    member = build_printer(models.HP_M480, "healthy", Address(own("101.1"), 0))
    return replace(member, versions=frozenset(), user=user)


class Asker:
    """pysnmp's high-level client."""

    def __init__(self) -> None:
        self.engine = hlapi.SnmpEngine()

    async def __call__(self, verb: Callable, address: Address, user: UsmUser, oid: str) -> tuple[object, ...]:
        security = hlapi.UsmUserData(
            user.name,
            user.auth_password or None,
            user.priv_password or None,
            authProtocol=AUTH[user.auth_protocol],
            privProtocol=PRIV[user.priv_protocol],
        )
        target = await hlapi.UdpTransportTarget.create(tuple(address), timeout=2, retries=0)
        wanted = hlapi.ObjectType(hlapi.ObjectIdentity(oid))
        if verb is hlapi.set_cmd:
            wanted = hlapi.ObjectType(hlapi.ObjectIdentity(oid), hlapi.OctetString("changed"))
        bulk = (0, 5) if verb is hlapi.bulk_cmd else ()
        return await verb(self.engine, security, target, hlapi.ContextData(), *bulk, wanted, lookupMib=False)


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    asker = Asker()
    yield asker
    asker.engine.close_dispatcher()


@pytest.mark.parametrize("level", USERS)
async def test_a_user_reads_at_the_level_of_its_keys(level: str, play: Callable, ask: Asker) -> None:
    user = USERS[level]
    fleet = await play(secured(user))
    failure, status, _, varbinds = await ask(hlapi.get_cmd, fleet.members[0].address, user, MODEL)
    assert (failure, int(status)) == (None, 0)
    assert bytes(varbinds[0][1]) == b"HP Color LaserJet MFP M480"


async def test_next_bulk_and_exceptions_work_as_in_version_2c(play: Callable, ask: Asker) -> None:
    user = USERS["authPriv"]
    address = (await play(secured(user))).members[0].address
    _, _, _, following = await ask(hlapi.next_cmd, address, user, "1.3.6.1.2.1.25.3.2.1.3")
    assert str(following[0][0]) == MODEL
    _, _, _, rows = await ask(hlapi.bulk_cmd, address, user, "1.3.6.1.2.1.43.11.1.1.6")
    assert [bytes(value)[:5] for _, value in rows][:4] == [b"Black", b"Cyan ", b"Yello", b"Magen"]
    _, _, _, absent = await ask(hlapi.get_cmd, address, user, ABSENT)
    assert absent[0][1].__class__.__name__ == "NoSuchInstance"


async def test_nobody_may_write(play: Callable, ask: Asker) -> None:
    user = USERS["authPriv"]
    address = (await play(secured(user))).members[0].address
    _, status, _, _ = await ask(hlapi.set_cmd, address, user, "1.3.6.1.2.1.1.6.0")
    assert status.prettyPrint() == "notWritable"


WRONG = (
    ("an unknown user", replace(USERS["authPriv"], name="nobody"), "Unknown USM user"),
    (
        "a wrong authentication key",
        replace(USERS["authPriv"], auth_password="not-the-one"),
        "Wrong SNMP PDU digest",
    ),
    ("a wrong privacy key", replace(USERS["authPriv"], priv_password="not-the-one"), None),
)


@pytest.mark.parametrize(("what", "user", "reason"), WRONG, ids=[what for what, *_ in WRONG])
async def test_wrong_credentials_read_nothing(
    what: str, user: UsmUser, reason: str | None, play: Callable, ask: Asker
) -> None:
    address = (await play(secured(USERS["authPriv"]))).members[0].address
    failure, _, _, varbinds = await ask(hlapi.get_cmd, address, user, MODEL)
    assert failure is not None
    assert not varbinds
    assert reason is None or reason in str(failure)


LESS = (
    ("no keys at all", UsmUser(name="whole")),
    ("authentication only", replace(USERS["authPriv"], priv_protocol=None, priv_password="")),
)


@pytest.mark.parametrize(("what", "user"), LESS, ids=[what for what, _ in LESS])
async def test_a_user_with_both_keys_is_not_served_with_less(
    what: str, user: UsmUser, play: Callable, ask: Asker
) -> None:
    address = (await play(secured(USERS["authPriv"]))).members[0].address
    failure, status, _, varbinds = await ask(hlapi.get_cmd, address, user, MODEL)
    said = str(failure or status.prettyPrint())
    assert "authorizationError" in said or "Unsupported SNMP security level" in said
    assert not any(bytes(value) for _, value in varbinds if hasattr(value, "asOctets"))


async def test_packets_are_counted_by_user(play: Callable, ask: Asker) -> None:
    fleet = await play(secured(USERS["authPriv"]))
    await ask(hlapi.get_cmd, fleet.members[0].address, USERS["authPriv"], MODEL)
    assert fleet.count_packets()[PacketKind("3", "whole")] >= 1


async def test_a_printer_without_clear_versions_is_silent_to_them(play: Callable, client: Callable) -> None:
    fleet = await play(secured(USERS["authPriv"]))
    assert await client(fleet.members[0].address).silent(fleet, "get", (1, 3, 6, 1, 2, 1, 1, 1, 0))
    assert fleet.count_packets() == {PacketKind("2c", "public", "GET"): 1}


async def test_a_silent_story_silences_v3_too(play: Callable, ask: Asker) -> None:
    member = replace(
        build_printer(models.HP_M480, "falls_silent", Address(own("101.1"), 0)), user=USERS["authPriv"]
    )
    clock = Clock.scaled(1.0)
    fleet = await play(member, clock=clock, started=clock.now() - 10 * 3600)
    failure, *_ = await ask(hlapi.get_cmd, fleet.members[0].address, USERS["authPriv"], MODEL)
    assert "No SNMP response" in str(failure)


def test_the_user_is_found_in_a_v3_message() -> None:
    # msgVersion 3, global data, USM parameters with user "abc", data: made by hand from RFC 3412 and 3414
    usm = bytes.fromhex("3013 0400 020100 020100 0403616263 0400 0400".replace(" ", ""))
    usm = bytes.fromhex("30") + bytes((len(usm) - 2,)) + usm[2:]
    rest = bytes.fromhex("020103") + b"\x30\x00" + b"\x04" + bytes((len(usm),)) + usm + b"\x30\x00"
    assert read_version_and_name(b"\x30" + bytes((len(rest),)) + rest) == (3, b"abc")
