"""Traps and informs from net-snmp's tools: a hint about known printers, and nothing else."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from loopback import HOME, LOCALHOST, own

from agent.core.model import Address, Credential
from agent.snmp.traps import TrapListener, TrapThrottle, inherited_socket

V2C_TRAP = bytes.fromhex(
    "303e02010104067075626c6963a7310201010201000201003026300f06082b06"
    "01020101030043030010003013060a2b06010603010104010006052b06010401"
)
"""coldStart after 40.96 s of uptime, from the community "public" (RFC 3418)."""

USER = Credential(
    name="v3", version="3", user="trapper", auth_protocol="SHA256", auth_password="sesame-open",
    priv_protocol="AES128", priv_password="open-sesame",
)  # fmt: skip
PUBLIC = Credential(name="public")
ENGINE_ID = bytes.fromhex("80001f8880aabbccdd")
SIGNED = [
    "-v3", "-l", "authPriv", "-u", "trapper", "-a", "SHA-256", "-A", "sesame-open", "-x", "AES", "-X", "open-sesame",
]  # fmt: skip
COLD_START = ["", "1.3.6.1.6.3.1.1.5.1"]


@asynccontextmanager
async def listening(
    *known: str, pause: float = 0.0
) -> AsyncIterator[tuple[TrapListener, Address, list[str]]]:
    heard: list[str] = []
    listener = TrapListener(lambda host: host in known, heard.append, pause=pause)
    address = await listener.start(Address(HOME, 0), [PUBLIC, USER])
    listener.expect_sender(USER, ENGINE_ID)
    try:
        yield listener, address, heard
    finally:
        listener.close()
        await asyncio.sleep(0)


async def send(tool: str, *arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(
        tool, *arguments, env={**os.environ, "MIBS": ""}, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


KINDS = [
    ("SNMPv1", ["-v1", "-c", "public"], ["1.3.6.1.4.1.11", LOCALHOST, "6", "1", ""]),
    ("SNMPv2c", ["-v2c", "-c", "public"], COLD_START),
    ("SNMPv3, signed and encrypted", ["-e", ENGINE_ID.hex(), *SIGNED], COLD_START),
    ("SNMPv3 in a context", ["-e", ENGINE_ID.hex(), "-n", "Jetdirect", *SIGNED], COLD_START),
]


@pytest.mark.parametrize(("kind", "how", "what"), KINDS, ids=[kind for kind, *_ in KINDS])
async def test_a_trap_of_a_known_printer_is_a_hint(needs, kind: str, how: list[str], what: list[str]) -> None:
    tool = needs("snmptrap", package="snmp")
    async with listening(LOCALHOST) as (_, address, heard):
        assert await send(tool, *how, str(address), *what) == 0
        await until(lambda: heard == [LOCALHOST])


@pytest.mark.parametrize("how", [["-v2c", "-c", "public"], SIGNED], ids=["SNMPv2c", "SNMPv3"])
async def test_an_inform_is_acknowledged(needs, how: list[str]) -> None:
    """snmpinform ends well only when its inform was answered."""
    tool = needs("snmpinform", package="snmp")
    async with listening(LOCALHOST) as (_, address, heard):
        assert await send(tool, "-r", "1", "-t", "3", *how, str(address), *COLD_START) == 0
        await until(lambda: heard == [LOCALHOST])


REFUSED = [
    ("another community", ["-v2c", "-c", "guess"]),
    ("an unknown user", ["-e", ENGINE_ID.hex(), *[{"trapper": "nobody"}.get(each, each) for each in SIGNED]]),
    (
        "a wrong key",
        ["-e", ENGINE_ID.hex(), *[{"sesame-open": "not-sesame"}.get(each, each) for each in SIGNED]],
    ),
    ("an engine that signs for another", ["-e", "80001f888099999999", *SIGNED]),
]


@pytest.mark.parametrize(("story", "how"), REFUSED, ids=[story for story, _ in REFUSED])
async def test_what_is_not_authentic_is_no_hint(needs, story: str, how: list[str]) -> None:
    tool = needs("snmptrap", package="snmp")
    async with listening(LOCALHOST) as (listener, address, heard):
        await send(tool, *how, str(address), *COLD_START)
        await send(tool, "-v2c", "-c", "public", str(address), *COLD_START)  # the right one, behind it
        await until(lambda: bool(heard))
        assert heard == [LOCALHOST]
        assert listener.counters.answered == 1


def fling(packet: bytes, to: Address, source: str = HOME) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        sender.sendto(packet, to)


async def test_strangers_are_not_even_read() -> None:
    async with listening(own("0.2")) as (listener, address, heard):
        fling(V2C_TRAP, address)
        fling(V2C_TRAP, address, source=own("0.2"))
        await until(lambda: bool(heard))
        assert heard == [own("0.2")]
        assert listener.counters.foreign == 1


async def test_a_flood_is_one_hint_a_minute() -> None:
    async with listening(HOME, pause=60.0) as (listener, address, heard):
        for _ in range(50):
            fling(V2C_TRAP, address)
        await until(lambda: listener.counters.answered == 50)
        assert heard == [HOME]


async def test_nonsense_is_counted_and_the_listener_lives() -> None:
    async with listening(HOME) as (listener, address, heard):
        for packet in (
            b"",
            b"\x30",
            V2C_TRAP[:-3],
            b"\xff" * 400,
            bytes(9000),
            V2C_TRAP.replace(b"\xa7", b"\xa3"),
        ):
            fling(packet, address)
        fling(V2C_TRAP, address)
        await until(lambda: bool(heard))
        assert listener.counters.answered == 1


def test_hints_are_due_once_in_a_while_for_each_printer() -> None:
    hints = TrapThrottle(lambda host: host.startswith("10."), pause=60.0)
    story = [("10.0.0.1", 0), ("10.0.0.1", 59), ("10.0.0.2", 59), ("10.0.0.1", 60), ("192.168.0.1", 60)]
    assert [hints.admit_trap(host, float(at)) for host, at in story] == [True, False, True, True, False]


def test_a_socket_is_taken_over_only_if_it_is_meant_for_us() -> None:
    assert inherited_socket({}, 7) is None
    assert inherited_socket({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, 7) is None
    assert inherited_socket({"LISTEN_PID": "7", "LISTEN_FDS": "0"}, 7) is None
