"""The socket: its buffer, its going deaf and coming back, and the sweep of strangers over it."""

import asyncio
import socket
from dataclasses import replace

import pytest
from loopback import own

from agent.core.errors import NoAnswer, WrongCredential
from agent.core.model import Address, Credential
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid

PUBLIC = Credential(name="public")
UPTIME = oid("1.3.6.1.2.1.1.3.0")
MIB = {(1, 3, 6, 1, 2, 1, 1, 3, 0): 7}
NOBODY = Address(own("0.77"), 9)
QUICK = SnmpSettings(timeout=0.15, retries=1, requests_per_second=None, requests_per_subnet=None)


async def test_the_number_under_way_follows_the_buffer_that_was_granted() -> None:
    async with SnmpClient(replace(QUICK, receive_buffer=64 << 10)) as small, SnmpClient(QUICK) as large:
        assert small.receive_buffer < large.receive_buffer
        assert small.concurrency == max(8, small.receive_buffer // 4096)
        assert large.concurrency <= large.settings.concurrency
    async with SnmpClient(replace(QUICK, concurrency=5)) as engine:
        assert engine.concurrency == 8


async def test_a_socket_that_went_deaf_after_an_icmp_error_is_replaced(agent, engine: SnmpClient) -> None:
    """As on Windows' Proactor loop in older Pythons (CPython #91227): an error, and then silence."""
    printer = await agent(MIB)
    endpoint = engine._endpoints[socket.AF_INET]
    endpoint.error_received(ConnectionResetError(10054, "port unreachable"))
    with pytest.raises(NoAnswer):
        await engine.create_reader(NOBODY, PUBLIC).get([UPTIME])
    assert engine.counters.rearmed >= 1
    assert await engine.create_reader(printer.address, PUBLIC).get([UPTIME]) == {UPTIME: 7}


async def test_silence_alone_replaces_nothing(agent, engine: SnmpClient) -> None:
    with pytest.raises(NoAnswer):
        await engine.create_reader(NOBODY, PUBLIC).get([UPTIME])
    printer = await agent(MIB)
    engine._endpoints[socket.AF_INET].error_received(ConnectionResetError())
    await engine.create_reader(printer.address, PUBLIC).get([UPTIME])  # it hears: nothing is wrong with it
    with pytest.raises(NoAnswer):
        await engine.create_reader(NOBODY, PUBLIC).get([UPTIME])
    assert engine.counters.rearmed == 0
    assert engine.counters.unreachable == 1


async def test_a_socket_that_the_loop_gave_up_is_replaced_under_way(agent, engine: SnmpClient) -> None:
    printer = await agent(MIB)
    reading = asyncio.create_task(engine.create_reader(printer.address, PUBLIC).get([UPTIME]))
    engine._endpoints[socket.AF_INET].connection_lost(OSError("gone"))
    assert await reading == {UPTIME: 7}
    assert engine.counters.rearmed == 1


async def test_who_still_waits_at_the_end_gets_no_answer() -> None:
    engine = SnmpClient(replace(QUICK, timeout=60.0))
    await engine.start()
    reading = asyncio.create_task(engine.create_reader(NOBODY, PUBLIC).get([UPTIME]))
    await asyncio.sleep(0.05)
    await engine.close()
    with pytest.raises(NoAnswer):
        async with asyncio.timeout(5):
            await reading


async def test_a_reader_that_is_given_up_lets_the_next_one_ask(agent, engine: SnmpClient) -> None:
    printer = await agent(MIB, delay=0.1)
    for _ in range(3):
        reading = asyncio.create_task(engine.create_reader(printer.address, PUBLIC).get([UPTIME]))
        await asyncio.sleep(0.02)
        reading.cancel()
    assert await engine.create_reader(printer.address, PUBLIC).get([UPTIME]) == {UPTIME: 7}


@pytest.mark.parametrize("host", ["printer.example", "10.0.0.256", "", "10.0.0.1\x00"])
async def test_a_name_is_never_looked_up(engine: SnmpClient, host: str) -> None:
    with pytest.raises(NoAnswer, match="not an IP address"):
        await engine.create_reader(Address(host), PUBLIC).get([UPTIME])
    assert engine.counters.sent == 0


async def test_a_credential_that_cannot_work_is_told_when_it_is_used(engine: SnmpClient) -> None:
    strange = Credential(name="v3", version="3", user="reader", auth_protocol="ROT13", auth_password="x" * 8)
    with pytest.raises(WrongCredential, match="ROT13"):
        await engine.create_reader(NOBODY, strange).get([UPTIME])


async def test_a_sweep_keeps_its_pace_and_asks_each_address_once(agent) -> None:
    printer = await agent(MIB)
    strangers = [Address(own(f"40.{host}"), 9) for host in range(1, 100)]
    loop = asyncio.get_running_loop()
    async with SnmpClient(replace(QUICK, requests_per_second=400.0, sweep_linger=0.1)) as engine:
        began = loop.time()
        found = [
            each async for each in engine.probe_addresses([*strangers, printer.address], PUBLIC, (UPTIME,))
        ]
        assert loop.time() - began >= 100 / 400 - 0.02
        assert found == [(printer.address, {UPTIME: 7})]
        assert engine.counters.sent == 100


async def test_first_answers_of_a_sweep_come_before_its_last_packets(agent) -> None:
    printer = await agent(MIB)
    strangers = (Address(own(f"41.{host}"), 9) for host in range(1, 250))
    settings = replace(QUICK, requests_per_second=200.0)

    def addresses():
        yield printer.address
        yield from strangers

    async with SnmpClient(settings) as engine:
        asking = engine.probe_addresses(addresses(), PUBLIC, (UPTIME,))
        assert await anext(asking) == (printer.address, {UPTIME: 7})
        assert engine.counters.sent < 50
        await asking.aclose()
        sent = engine.counters.sent
        await asyncio.sleep(0.1)
        assert engine.counters.sent == sent  # whoever stops listening stops the sending


async def test_a_sweep_takes_one_answer_from_each_and_none_from_others(agent) -> None:
    twice = await agent(MIB, bend=lambda _, answer: [answer, answer])
    async with SnmpClient(replace(QUICK, sweep_linger=0.2)) as engine:
        found = [each async for each in engine.probe_addresses([twice.address], PUBLIC, (UPTIME,))]
        assert found == [(twice.address, {UPTIME: 7})]
        assert engine.counters.duplicate == 1


async def test_an_error_is_a_sign_of_life(agent, answer_with) -> None:
    printer = await agent(MIB, bend=answer_with(2))
    async with SnmpClient(replace(QUICK, sweep_linger=0.2)) as engine:
        assert [each async for each in engine.probe_addresses([printer.address], PUBLIC, (UPTIME,))] == [
            (printer.address, {})
        ]


async def test_a_sweep_of_everybody_answering_at_once_loses_none() -> None:
    """Two hundred agents, and nothing is paced."""

    class Everybody(asyncio.DatagramProtocol):
        """Answers each request with its own octets, turned into a response (RFC 3416, 4.2.1)."""

        def connection_made(self, transport: asyncio.DatagramTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: object) -> None:
            packet = bytearray(data)
            packet[packet.index(0xA0, 10)] = 0xA2
            self.transport.sendto(bytes(packet), addr)

    loop = asyncio.get_running_loop()
    agents = [
        await loop.create_datagram_endpoint(Everybody, local_addr=(own(f"50.{host}"), 0))
        for host in range(1, 201)
    ]
    addresses = [Address(*transport.get_extra_info("sockname")) for transport, _ in agents]
    async with SnmpClient(replace(QUICK, sweep_linger=0.5)) as engine:
        found = {each async for each, _ in engine.probe_addresses(addresses, PUBLIC, (UPTIME,))}
    for transport, _ in agents:
        transport.close()
    assert found == set(addresses)


async def test_a_sweep_looks_up_no_name_either() -> None:
    async with SnmpClient(QUICK) as engine:
        with pytest.raises(NoAnswer, match="not an IP address"):
            [each async for each in engine.probe_addresses([Address("printer.example")], PUBLIC, (UPTIME,))]
        assert engine.counters.sent == 0
