"""Printers that answer WS-Discovery, on the real multicast group of loopback."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

GROUP, PORT = "239.255.255.250", 3702
ANSWER = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"
  xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
  xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"
  xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof"
  xmlns:wprt="http://schemas.microsoft.com/windows/2006/08/wdp/print">
<soap:Header>
  <wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>
  <wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action>
  <wsa:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a</wsa:MessageID>
  <wsa:RelatesTo>%(probe)s</wsa:RelatesTo>
</soap:Header>
<soap:Body><wsd:ProbeMatches><wsd:ProbeMatch>
  <wsa:EndpointReference><wsa:Address>urn:uuid:%(uuid)s</wsa:Address></wsa:EndpointReference>
  <wsd:Types>wsdp:Device %(types)s</wsd:Types>
  <wsd:XAddrs>http://192.0.2.1:5357/elsewhere</wsd:XAddrs>
  <wsd:MetadataVersion>1</wsd:MetadataVersion>
</wsd:ProbeMatch></wsd:ProbeMatches></soap:Body></soap:Envelope>"""
UUID = "cfe92100-67c4-11d4-a45f-00112233aabb"


def answer(probe: str, types: str = "wprt:PrintDeviceType", uuid: str = UUID) -> bytes:
    """What a printer of these types says to the probe with this message id."""
    return (ANSWER % {"probe": probe, "types": types, "uuid": uuid}).encode()


class WsdPrinter(asyncio.DatagramProtocol):
    """Answers each probe that arrives from `prober`, from its own address."""

    def __init__(self, host: str, prober: str, say: Callable[[str], bytes]) -> None:
        self.voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.voice.bind((host, 0))
        self.prober, self.say = prober, say
        self.probes: list[bytes] = []

    def datagram_received(self, data: bytes, addr: Any) -> None:
        probe = re.search(rb"MessageID>(urn:uuid:[0-9a-f-]+)<", data)
        if probe and addr[0] == self.prober:
            self.probes.append(data)
            self.asked = probe[1].decode(), addr
            self.voice.sendto(self.say(self.asked[0]), addr)

    def answer_as(self, host: str) -> None:
        """Answer the last probe once more, from another address."""
        probe, addr = self.asked
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice:
            voice.bind((host, 0))
            voice.sendto(answer(probe), addr)


@asynccontextmanager
async def serve_wsd(
    host: str, prober: str, say: Callable[[str], bytes] = answer
) -> AsyncIterator[WsdPrinter]:
    """A printer at `host`, until the block is left; it hears only what comes from `prober`."""
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    heard.bind((GROUP, PORT))
    membership = socket.inet_aton(GROUP) + socket.inet_aton(host)
    heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    heard.setblocking(False)
    transport, printer = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: WsdPrinter(host, prober, say), sock=heard
    )
    try:
        yield printer
    finally:
        transport.close()
        printer.voice.close()
