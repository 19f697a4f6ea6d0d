"""Printwarden's own engine, on asyncio or, with the option `uvloop`, on that."""

import sys

import workload

from agent.core.model import Address, Credential
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid

SCALARS = [oid(each) for each in workload.SCALARS]
SUPPLIES, ALERTS = oid(workload.SUPPLIES), oid(workload.ALERTS)
PUBLIC = Credential(name="public")


async def client(port: int, hosts: list[str], in_flight: int) -> dict[str, float]:
    settings = SnmpSettings(requests_per_second=None, requests_per_subnet=None)
    async with SnmpClient(settings) as engine:

        async def poll(host: str) -> int:
            reader = engine.create_reader(Address(host, port), PUBLIC, "2c bulk 25 20")
            values = await reader.get(SCALARS)
            return len(values) + len(await reader.walk(SUPPLIES)) + len(await reader.walk(ALERTS))

        return await workload.run(poll, hosts, in_flight)


workload.main(client, loop=sys.argv[4] if len(sys.argv) > 4 else "asyncio")
