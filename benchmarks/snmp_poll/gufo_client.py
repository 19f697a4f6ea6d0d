"""gufo-snmp, a client written in Rust: one session, and so one socket, for each printer."""

import workload
from gufo.snmp.aio import SnmpSession


async def client(port: int, hosts: list[str], in_flight: int) -> dict[str, float]:
    async def poll(host: str) -> int:
        async with SnmpSession(addr=host, port=port, community="public", timeout=10) as session:
            got = len(await session.get_many(workload.SCALARS))
            for root in (workload.SUPPLIES, workload.ALERTS):
                async for _ in session.getbulk(root, max_repetitions=workload.REPETITIONS):
                    got += 1
            return got

    return await workload.run(poll, hosts, in_flight)


workload.main(client)
