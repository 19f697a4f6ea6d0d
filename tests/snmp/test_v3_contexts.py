"""SNMPv3 contexts: configured ones, and those of a maker, found once and remembered."""

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from loopback import free_port, own
from pyasn1.codec.ber import decoder
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message

from agent.core.errors import NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.core.model import Address, Credential
from agent.simulator.ber import BerTag, BerValue
from agent.simulator.ber import oid as arcs_of
from agent.simulator.device import SimulatedDevice, UsmUser
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.v3 import NET_SNMP, V3Engine
from agent.simulator.walk import StaticDevice
from agent.snmp import pysnmp_transport
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid
from agent.snmp.request_strategy import RequestStrategy

LEVELS, UPTIME = "1.3.6.1.2.1.43.11.1.1.9", "1.3.6.1.2.1.1.3.0"
VALUES = {arcs_of(f"{LEVELS}.1.{row}"): BerValue(BerTag.INTEGER, row) for row in range(1, 4)}
SECRET = {
    "auth_protocol": "SHA256",
    "auth_password": "sesame-open",
    "priv_protocol": "AES128",
    "priv_password": "open-sesame",
}
CREDENTIAL = Credential(name="v3", version="3", user="reader", **SECRET)
MAKERS = {NET_SNMP: ("Jetdirect",), 1129: ("MFP",), 641: ()}
SETTINGS = SnmpSettings(
    timeout=20.0, retries=0, requests_per_second=None, requests_per_subnet=None, contexts=MAKERS
)
FIRST = [oid(f"{LEVELS}.1.1"), oid(UPTIME)]
DISCOVERY = 1  # packet


@asynccontextmanager
async def printing(context: str, other_contexts: str = "report", **settings):
    """A printer that answers SNMPv3 in one context only, and a client."""
    member = SimulatedDevice(
        address=Address(own("61.1"), free_port()), source=StaticDevice(VALUES), name="HP", versions=frozenset(),
        user=UsmUser(name="reader", **SECRET), context=context, other_contexts=other_contexts,
    )  # fmt: skip
    async with SimulatedFleet([member]) as fleet, SnmpClient(replace(SETTINGS, **settings)) as client:
        yield member.address, client, lambda: sum(fleet.count_packets().values())


OTHERS = ["report", pytest.param("nothing", marks=pytest.mark.long), "silence"]


@pytest.mark.parametrize("others", OTHERS)
async def test_a_makers_context_is_tried_once_and_remembered_over_restarts(others: str) -> None:
    async with printing("Jetdirect", others, timeout=2.0 if others == "silence" else 20.0) as (
        address,
        client,
        packets,
    ):
        reader = client.create_reader(address, CREDENTIAL)
        assert await reader.get(FIRST) == {FIRST[0]: 1}
        assert await reader.walk(oid(LEVELS))
        begun = packets()
        assert reader.learned == "3 bulk 25 20 in:Jetdirect"
        again = client.create_reader(address, CREDENTIAL, reader.learned)
        assert await again.get(FIRST) == {FIRST[0]: 1}
        assert packets() == begun + 1, "one request, one packet"
    if others == "report":
        assert begun == DISCOVERY + len(["default context", "maker's", "walk"])


@pytest.mark.parametrize("others", OTHERS[:2])
async def test_a_configured_context_is_the_only_one_that_is_asked(others: str) -> None:
    async with printing("floor/2", others) as (address, client, _):
        reader = client.create_reader(address, replace(CREDENTIAL, context="floor/2"))
        assert await reader.get(FIRST) == {FIRST[0]: 1}
        assert reader.learned == "3 bulk 25 20 in:floor%2F2"


@pytest.mark.parametrize("others", ["report", "silence"])
async def test_a_wrong_configured_context_is_an_error_that_names_it(others: str) -> None:
    async with printing("Jetdirect", others, timeout=2.0 if others == "silence" else 20.0) as (
        address,
        client,
        packets,
    ):
        with pytest.raises(ReadingError) as why:
            await client.create_reader(address, replace(CREDENTIAL, context="other")).get(FIRST)
        assert others == "silence" or 'context "other"' in why.value.reason
        assert packets() <= 4


async def test_a_printer_that_answers_in_the_default_context_costs_nothing_more() -> None:
    async with printing("") as (address, client, packets):
        reader = client.create_reader(address, CREDENTIAL)
        assert await reader.get(FIRST) == {FIRST[0]: 1}
        assert reader.learned == "3 bulk 25 20"
        before = packets()
        assert await reader.get(FIRST)
        assert packets() == before + 1


async def test_another_makers_context_is_not_tried() -> None:
    async with printing("Jetdirect", contexts=MAKERS | {NET_SNMP: ()}) as (address, client, packets):
        with pytest.raises(RefusedByDevice, match="does not know the SNMPv3 context"):
            await client.create_reader(address, CREDENTIAL).get(FIRST)
        assert packets() <= DISCOVERY + 2


async def test_an_engine_of_no_maker_is_asked_in_each_context_once() -> None:
    makers = {number: names for number, names in MAKERS.items() if number != NET_SNMP} | {11: ("Jetdirect",)}
    async with printing("Jetdirect", contexts=makers) as (address, client, packets):
        assert await client.create_reader(address, CREDENTIAL).get(FIRST) == {FIRST[0]: 1}
        assert packets() <= DISCOVERY + 2 + len(["MFP", "Jetdirect"])


async def test_a_search_in_vain_is_remembered_too() -> None:
    """A device that answers nothing of a printer in any context."""
    async with printing("elsewhere", "nothing") as (address, client, packets):
        reader = client.create_reader(address, CREDENTIAL)
        assert await reader.get(FIRST) == {}
        assert reader.learned == "3 bulk 25 20 in:"
        before = packets()
        assert await client.create_reader(address, CREDENTIAL, reader.learned).get(FIRST) == {}
        assert packets() == before + 1


async def test_a_known_printer_that_is_silent_is_not_searched() -> None:
    async with printing("Jetdirect", "silence", timeout=0.3) as (address, client, packets):
        with pytest.raises((NoAnswer, WrongCredential)):
            await client.create_reader(address, CREDENTIAL, "3 bulk 25 20").get(FIRST)
        known = packets()
        with pytest.raises(ReadingError):
            await client.create_reader(address, replace(CREDENTIAL, user="nobody")).get(FIRST)
    assert known <= DISCOVERY + 2


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("3 bulk 25 20", None),
        ("3 bulk 25 20 in:", ""),
        ("3 next 5 20 alone in:a%20b", "a b"),
        ("3 bulk 25 20 in:a in:b", None),
    ],
)
def test_the_context_is_part_of_what_is_stored(text: str, context: str | None) -> None:
    strategy = RequestStrategy.parse(text)
    assert strategy.context == context
    assert RequestStrategy.parse(str(strategy)) == strategy


@pytest.mark.parametrize(
    "wide", [1 << 90, *(pytest.param(wide, marks=pytest.mark.long) for wide in (1 << 40, -(1 << 40)))]
)
@pytest.mark.parametrize("secret", [{}, SECRET], ids=["clear", "encrypted"])
async def test_one_integer_too_long_costs_its_value_and_not_the_printer(wide: int, secret: dict) -> None:
    values = VALUES | {arcs_of(f"{LEVELS}.1.2"): BerValue(BerTag.INTEGER, wide)}
    member = SimulatedDevice(
        address=Address(own("61.2"), free_port()), source=StaticDevice(values), name="HP", versions=frozenset(),
        user=UsmUser(name="reader", **secret),
    )  # fmt: skip
    credential = Credential(name="v3", version="3", user="reader", **secret)
    async with SimulatedFleet([member]), SnmpClient(SETTINGS) as client:
        rows = dict(await client.create_reader(member.address, credential).walk(oid(LEVELS)))
        assert [rows[oid(f"{LEVELS}.1.{row}")] for row in (1, 3)] == [1, 3]
        assert rows[oid(f"{LEVELS}.1.2")] == (wide if wide == 1 << 40 else None)


async def read_levels(patience: float = 20.0, **credential: str) -> list[object]:
    member = SimulatedDevice(
        address=Address(own("61.3"), free_port()), source=StaticDevice(VALUES), name="HP", versions=frozenset(),
        user=UsmUser(name="reader", **credential),
    )  # fmt: skip
    async with SimulatedFleet([member]), SnmpClient(replace(SETTINGS, timeout=patience)) as client:
        reader = client.create_reader(
            member.address, Credential(name="v3", version="3", user="reader", **credential)
        )
        return [value for _, value in await reader.walk(oid(LEVELS))]


@pytest.mark.parametrize("secret", [{}, SECRET], ids=["clear", "encrypted"])
async def test_octets_behind_a_message_are_no_part_of_what_is_signed(monkeypatch, secret: dict) -> None:
    answer = V3Engine.__call__

    def pad(self: V3Engine, message: bytes, elapsed: float) -> bytes | None:
        reply = answer(self, message, elapsed)
        return reply + bytes(6) if reply else None

    monkeypatch.setattr(V3Engine, "__call__", pad)
    assert await read_levels(**secret) == [1, 2, 3]
    monkeypatch.setattr(pysnmp_transport, "cut_padding", lambda datagram: datagram)
    if secret:  # the control
        with pytest.raises(ReadingError):
            await read_levels(0.5, **secret)


async def test_message_and_request_ids_stay_below_two_octets(monkeypatch) -> None:
    ids, answer = [], V3Engine.__call__

    def note(self: V3Engine, message: bytes, elapsed: float) -> bytes | None:
        decoded, _ = decoder.decode(message, asn1Spec=SNMPv3Message())
        ids.append(int(decoded[1][0]))
        ids.append(int(decoded[3][0][2].getComponent()[0]))
        return answer(self, message, elapsed)

    monkeypatch.setattr(V3Engine, "__call__", note)
    assert await read_levels() == [1, 2, 3]
    assert len(ids) >= 4
    assert [one for one in ids if not 0 <= one < 1 << 15] == []
