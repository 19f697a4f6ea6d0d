"""A host that is silent over SNMP, but there."""

import asyncio

from loopback import HOME

from agent.pipeline.polling import tcp_probe


async def test_an_open_door_tells_a_wrong_community_from_a_dead_host(unused_tcp_port):
    visits = []

    async def opened(reader, writer):
        visits.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(opened, HOME, unused_tcp_port)
    async with server:
        assert await tcp_probe.first_open_port(HOME, (unused_tcp_port,)) == unused_tcp_port
        await asyncio.sleep(0.05)
    assert visits == [b""], "nothing is sent"


async def test_nobody_is_nobody(unused_tcp_port):
    assert await tcp_probe.first_open_port(HOME, (unused_tcp_port,)) is None


def test_the_printing_port_is_no_door():
    assert 9100 not in tcp_probe.PROBE_PORTS
