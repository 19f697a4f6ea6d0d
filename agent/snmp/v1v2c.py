"""One printer over SNMPv1 or v2c: the `Exchange` of the own codec."""

import os
from array import array
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from socket import AddressFamily

from agent.core.errors import MalformedReply, NoAnswer, ReadingError
from agent.core.model import Address
from agent.snmp.codec import Ask, Reply, Request, request
from agent.snmp.endpoint import Endpoint
from agent.snmp.rate_limiter import Courtesy, Station
from agent.snmp.reader import Credential
from agent.snmp.request_strategy import Ladder
from agent.snmp.slots import Places


@dataclass(slots=True, kw_only=True)
class PlainExchange:
    """`address`, asked with the community of `credential`."""

    address: Address
    credential: Credential
    courtesy: Courtesy
    endpoints: Mapping[AddressFamily, Endpoint]
    slots: Places
    waits: Sequence[float]
    brief_waits: Sequence[float]
    waited: float = 0.0
    _place: tuple[Station, Endpoint] | None = None

    async def ask(self, ask: Ask, names: Sequence[bytes], ladder: Ladder, *, brief: bool = False) -> Reply:
        """See `Exchange.ask`. Raises NoAnswer, or MalformedReply where only broken datagrams came."""
        station, endpoint = self._place or self._find()
        requests, request_id = self._requests(ask, tuple(names), ladder), new_id()

        def attempt(number: int, wait: float) -> Awaitable[Reply | None]:
            packet = requests[number % len(requests)].numbered(request_id)
            return endpoint.exchange(station.sockaddr, request_id, packet, wait)

        waits = self.brief_waits if brief else self.waits
        reply, waited = await self.courtesy.converse(station, attempt, waits, self.slots)
        self.waited += waited
        if reply is None:
            raise self._silence(endpoint, station, waited)
        return reply

    def _find(self) -> tuple[Station, Endpoint]:
        station = self.courtesy.station(self.address)
        endpoint = self.endpoints.get(station.family)
        if endpoint is None:
            raise NoAnswer(str(self.address), "this host has no network of that address family")
        self._place = station, endpoint
        return self._place

    def _requests(self, ask: Ask, names: tuple[bytes, ...], ladder: Ladder) -> list[Request]:
        """The same question in each version that the printer may speak."""
        return [self._request(version, ask, names, ladder) for version in ladder.versions()]

    def _request(self, version: str, ask: Ask, names: tuple[bytes, ...], ladder: Ladder) -> Request:
        if ask is not Ask.BULK:
            return request(ask, version, self.credential.community, names)
        if version == "1":
            return request(Ask.NEXT, version, self.credential.community, names)
        return request(ask, version, self.credential.community, names, ladder.repetitions_for(len(names)))

    def _silence(self, endpoint: Endpoint, station: Station, waited: float) -> ReadingError:
        broken = endpoint.malformed.pop(station.sockaddr, None)
        if broken is not None:
            return MalformedReply(str(self.address), f"only broken answers came: {broken}")
        return NoAnswer(str(self.address), f"no answer within {waited:.0f} s")


def _ids() -> Iterator[int]:
    """Request-ids that an outsider cannot guess, from 2^30 on: always four octets long."""
    while True:
        for word in array("I", os.urandom(4096)):
            yield word & 0x3FFFFFFF | 0x40000000


new_id = _ids().__next__
