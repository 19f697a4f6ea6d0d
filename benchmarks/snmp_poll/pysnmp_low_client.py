"""pysnmp's protocol modules and pyasn1 alone, over one socket of our own: no engine, no dispatcher."""

import asyncio

import workload
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]


class Socket(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.waiting: dict[tuple[tuple[str, int], int], asyncio.Future[list]] = {}

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message, _ = decoder.decode(data, asn1Spec=V2C.Message())
        pdu = V2C.apiMessage.get_pdu(message)
        waiting = self.waiting.pop((addr, int(V2C.apiPDU.get_request_id(pdu))), None)
        if waiting is not None:
            waiting.set_result(V2C.apiPDU.get_varbinds(pdu))

    async def ask(self, pdu: object, addr: tuple[str, int]) -> list:
        message = V2C.Message()
        V2C.apiMessage.set_defaults(message)
        V2C.apiMessage.set_community(message, "public")
        V2C.apiMessage.set_pdu(message, pdu)
        future = asyncio.get_running_loop().create_future()
        self.waiting[addr, int(V2C.apiPDU.get_request_id(pdu))] = future
        self.transport.sendto(encoder.encode(message), addr)
        return await asyncio.wait_for(future, 10)


def numbers(dotted: str) -> tuple[int, ...]:
    return tuple(map(int, dotted.split(".")))


async def client(port: int, hosts: list[str], in_flight: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_datagram_endpoint(Socket, local_addr=("127.0.0.1", 0))
    null = V2C.Null("")

    async def walk(addr: tuple[str, int], root: tuple[int, ...]) -> int:
        last, got = root, 0
        while True:
            pdu = V2C.GetBulkRequestPDU()
            V2C.apiBulkPDU.set_defaults(pdu)
            V2C.apiBulkPDU.set_max_repetitions(pdu, workload.REPETITIONS)
            V2C.apiBulkPDU.set_varbinds(pdu, [(last, null)])
            for name, _ in await socket.ask(pdu, addr):
                last = tuple(name)
                if last[: len(root)] != root:
                    return got
                got += 1

    async def poll(host: str) -> int:
        addr, pdu = (host, port), V2C.GetRequestPDU()
        V2C.apiPDU.set_defaults(pdu)
        V2C.apiPDU.set_varbinds(pdu, [(numbers(each), null) for each in workload.SCALARS])
        got = len(await socket.ask(pdu, addr))
        for root in (workload.SUPPLIES, workload.ALERTS):
            got += await walk(addr, numbers(root))
        return got

    return await workload.run(poll, hosts, in_flight)


workload.main(client)
