"""pysnmp's high-level API as its documentation shows it, with lookupMib=False: the cheapest it offers."""

import workload
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    bulk_cmd,
    get_cmd,
)


async def client(port: int, hosts: list[str], in_flight: int) -> dict[str, float]:
    engine, community, context = SnmpEngine(), CommunityData("public"), ContextData()

    async def walk(target: UdpTransportTarget, root: str) -> int:
        inside, last, got = f"{root}.", root, 0
        while True:
            error, status, _, rows = await bulk_cmd(
                engine, community, target, context, 0, workload.REPETITIONS,
                ObjectType(ObjectIdentity(last)), lookupMib=False,
            )  # fmt: skip
            if error or status:
                raise RuntimeError(error or status)
            for name, _ in rows:
                last = str(name)
                if not last.startswith(inside):
                    return got
                got += 1

    async def poll(host: str) -> int:
        target = await UdpTransportTarget.create((host, port), timeout=10, retries=0)
        asked = [ObjectType(ObjectIdentity(each)) for each in workload.SCALARS]
        error, status, _, found = await get_cmd(engine, community, target, context, *asked, lookupMib=False)
        if error or status:
            raise RuntimeError(error or status)
        return len(found) + await walk(target, workload.SUPPLIES) + await walk(target, workload.ALERTS)

    result = await workload.run(poll, hosts, in_flight)
    engine.close_dispatcher()
    return result


workload.main(client)
