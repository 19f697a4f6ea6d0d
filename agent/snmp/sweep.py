"""One prepared packet to many addresses, paced, and the answers as they come.

This is how unknown addresses are asked: only the address itself is remembered, no packet is repeated, and
no timer runs for a silent address. A /16 costs 65,536 packets and half a second of CPU.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from itertools import islice

from agent.core.model import Address
from agent.snmp.codec import SnmpReply
from agent.snmp.counters import DatagramCounters

SEND_INTERVAL = 0.04  # s between two bursts of packets
BURST_SIZE = 64  # packets that leave at once: no more than answers are read in one turn of the loop

SweepAnswer = tuple[Address, SnmpReply]


class AddressSweep:
    """One pass over some addresses: which were asked, and which have answered."""

    def __init__(self, send: Callable[[Address], tuple[object, ...]], counters: DatagramCounters) -> None:
        self._send = send
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

    async def run(
        self, addresses: Iterable[Address], pace: float | None, linger: float
    ) -> AsyncGenerator[SweepAnswer, None]:
        """Send `pace` packets a second; yields the answers, until `linger` seconds after the last packet."""
        sender = asyncio.create_task(self._send_paced(iter(addresses), pace, linger), name="snmp-sweep")
        try:
            while (answer := await self._answers.get()) is not None:
                yield answer
            await sender  # so that its errors are the caller's
        finally:
            sender.cancel()

    async def _send_paced(self, addresses: Iterable[Address], pace: float | None, linger: float) -> None:
        """Send everything, each packet at its time, so that a late wake-up is made up for."""
        now = asyncio.get_running_loop().time
        began, sent = now(), 0
        most = (
            BURST_SIZE if pace is None else max(BURST_SIZE, int(2 * SEND_INTERVAL * pace))
        )  # twice the pace, to catch up
        try:
            while True:
                due = most if pace is None else min(most, int((now() - began + SEND_INTERVAL) * pace) - sent)
                burst = list(islice(addresses, due)) if due > 0 else []
                if due > 0 and not burst:
                    break
                for address in burst:
                    self._asked[self._send(address)] = address
                sent += len(burst)
                await asyncio.sleep(SEND_INTERVAL if pace else 0)
            await asyncio.sleep(linger)
        finally:
            self._answers.put_nowait(None)
