"""One prepared packet to many addresses, within the budgets, and the answers as they come.

This is how unknown addresses are asked: only the address itself is remembered, no packet is repeated, and
no timer runs for a silent address. A /16 costs 65,536 packets and half a second of CPU.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

from agent.core.model import Address
from agent.snmp.codec import SnmpReply
from agent.snmp.counters import DatagramCounters

BURST_SIZE = 64  # packets that leave at once: no more than answers are read in one turn of the loop

SweepAnswer = tuple[Address, SnmpReply]


class AddressSweep:
    """One pass over some addresses: which were asked, and which have answered."""

    def __init__(
        self,
        send: Callable[[Address], tuple[object, ...]],
        wait: Callable[[Address], Awaitable[None]],
        counters: DatagramCounters,
    ) -> None:
        self._send = send
        self._wait = wait  # until one more packet may go to an address
        self._counters = counters
        self._asked: dict[tuple[object, ...], Address | None] = {}
        self._answers: asyncio.Queue[SweepAnswer | None] = asyncio.Queue()

    def receive_reply(self, sockaddr: tuple[object, ...], reply: SnmpReply) -> None:
        """Take the first answer of each address that was asked."""
        address = self._asked.get(sockaddr)
        if address is not None:
            self._counters.answered += 1
            self._asked[sockaddr] = None
            self._answers.put_nowait((address, reply))
        elif sockaddr in self._asked:
            self._counters.duplicate += 1
        else:
            self._counters.foreign += 1

    async def run(self, addresses: Iterable[Address], linger: float) -> AsyncGenerator[SweepAnswer, None]:
        """Send one packet to each; yields the answers, until `linger` seconds after the last packet."""
        sender = asyncio.create_task(self._send_paced(addresses, linger), name="snmp-sweep")
        try:
            while (answer := await self._answers.get()) is not None:
                yield answer
            await sender  # so that its errors are the caller's
        finally:
            sender.cancel()

    async def _send_paced(self, addresses: Iterable[Address], linger: float) -> None:
        """Send everything, each packet when the budgets allow it."""
        try:
            for count, address in enumerate(addresses, 1):
                await self._wait(address)
                self._asked[self._send(address)] = address
                if count % BURST_SIZE == 0:
                    await asyncio.sleep(0)  # where nothing limits the rate, answers are read in between
            await asyncio.sleep(linger)
        finally:
            self._answers.put_nowait(None)
