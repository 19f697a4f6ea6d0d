"""Sends requests to one printer over SNMPv1 or v2c: the `Exchange` of the own codec."""

import os
from array import array
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from socket import AddressFamily

from agent.core.errors import MalformedReply, NoAnswer, ReadingError
from agent.core.model import Address, Credential
from agent.snmp.codec import RequestTemplate, RequestType, SnmpReply, encode_request
from agent.snmp.endpoint import Endpoint
from agent.snmp.rate_limiter import RateLimitedHost, RateLimiter
from agent.snmp.request_strategy import RequestStrategy
from agent.snmp.slots import Slots


@dataclass(slots=True, kw_only=True)
class CommunityExchange:
    """Requests to `address` with the community of `credential`."""

    address: Address
    credential: Credential
    limiter: RateLimiter
    endpoints: Mapping[AddressFamily, Endpoint]
    slots: Slots
    waits: Sequence[float]
    brief_waits: Sequence[float]
    opening_waits: Sequence[float]  # until there was an answer
    waited: float = 0.0
    _route: tuple[RateLimitedHost, Endpoint] | None = None

    async def send_request(
        self,
        ask: RequestType,
        names: Sequence[bytes],
        strategy: RequestStrategy,
        *,
        brief: bool = False,
        companions: int = 0,
    ) -> SnmpReply:
        """Send as `Exchange.send_request`. Raises NoAnswer, or MalformedReply if only broken answers came."""
        host, endpoint = self._route or self._find_route()
        requests, request_id = (
            self._encode_requests(ask, tuple(names), strategy, companions),
            next_request_id(),
        )

        def send_attempt(number: int, wait: float) -> Awaitable[SnmpReply | None]:
            packet = requests[number % len(requests)].with_id(request_id)
            return endpoint.exchange_packet(host.sockaddr, request_id, packet, wait)

        waits = self.brief_waits if brief else self.opening_waits
        reply, waited = await self.limiter.run_attempts(host, send_attempt, waits, self.slots)
        self.waited += waited
        if reply is None:
            raise self._silence_error(endpoint, host, waited)
        self.opening_waits = self.waits
        return reply

    def list_contexts(self) -> Sequence[str]:
        """See `Exchange`: there are no contexts before SNMPv3."""
        return ()

    def _find_route(self) -> tuple[RateLimitedHost, Endpoint]:
        host = self.limiter.get_host(self.address)
        endpoint = self.endpoints.get(host.family)
        if endpoint is None:
            raise NoAnswer(str(self.address), "this host has no network of that address family")
        self._route = host, endpoint
        return self._route

    def _encode_requests(
        self, ask: RequestType, names: tuple[bytes, ...], strategy: RequestStrategy, companions: int
    ) -> list[RequestTemplate]:
        """Encode the request in each version that the printer may speak."""
        return [
            self._encode_request(version, ask, names, strategy, companions)
            for version in strategy.versions_to_try()
        ]

    def _encode_request(
        self,
        version: str,
        ask: RequestType,
        names: tuple[bytes, ...],
        strategy: RequestStrategy,
        companions: int,
    ) -> RequestTemplate:
        if ask is not RequestType.BULK:
            return encode_request(ask, version, self.credential.community, names)
        if version == "1":
            return encode_request(RequestType.NEXT, version, self.credential.community, names)
        return encode_request(
            ask,
            version,
            self.credential.community,
            names,
            strategy.repetitions_for(len(names) - companions),
            companions,
        )

    def _silence_error(self, endpoint: Endpoint, host: RateLimitedHost, waited: float) -> ReadingError:
        broken = endpoint.malformed.pop(host.sockaddr, None)
        if broken is not None:
            return MalformedReply(str(self.address), f"only broken answers came: {broken}")
        return NoAnswer(str(self.address), f"no answer within {waited:.0f} s")


def _generate_ids() -> Iterator[int]:
    """Generate unpredictable request-ids of 2^8 to 2^15-1: some agents give back the lower 16 bits only."""
    while True:
        for word in array("H", os.urandom(4096)):
            if (request_id := word & 0x7FFF) >= 1 << 8:
                yield request_id


next_request_id = _generate_ids().__next__
