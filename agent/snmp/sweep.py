"""One prepared packet to many addresses, paced, and the answers as they come.

This is how strangers are asked: nothing is kept for each address but that it was asked, nothing is
repeated, and nothing waits for the silent. A /16 costs 65,536 packets and half a second of CPU.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from itertools import islice

from agent.core.model import Address
from agent.snmp.codec import Reply
from agent.snmp.counters import Counters

BEAT = 0.04  # s between two handfuls of packets
HANDFUL = 64  # packets that leave at once: no more than answers are read in one turn of the loop

Answer = tuple[Address, Reply]


class Sweep:
    """One pass over some addresses: who was asked, and who has answered."""

    def __init__(self, send: Callable[[Address], tuple[object, ...]], counters: Counters) -> None:
        self._send = send
        self._counters = counters
        self._asked: dict[tuple[object, ...], Address | None] = {}
        self._answers: asyncio.Queue[Answer | None] = asyncio.Queue()

    def heard(self, sockaddr: tuple[object, ...], reply: Reply) -> None:
        """Take the first answer of everyone who was asked."""
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
    ) -> AsyncGenerator[Answer, None]:
        """Send `pace` packets a second; the answers, until `linger` seconds after the last packet."""
        sender = asyncio.create_task(self._spread(iter(addresses), pace, linger), name="snmp-sweep")
        try:
            while (answer := await self._answers.get()) is not None:
                yield answer
            await sender  # so that its errors are the caller's
        finally:
            sender.cancel()

    async def _spread(self, addresses: Iterable[Address], pace: float | None, linger: float) -> None:
        """Send everything, each packet at its time, so that a late wake-up is made up for."""
        now = asyncio.get_running_loop().time
        began, sent = now(), 0
        most = HANDFUL if pace is None else max(HANDFUL, int(2 * BEAT * pace))  # twice the pace, to catch up
        try:
            while True:
                due = most if pace is None else min(most, int((now() - began + BEAT) * pace) - sent)
                handful = list(islice(addresses, due)) if due > 0 else []
                if due > 0 and not handful:
                    break
                for address in handful:
                    self._asked[self._send(address)] = address
                sent += len(handful)
                await asyncio.sleep(BEAT if pace else 0)
            await asyncio.sleep(linger)
        finally:
            self._answers.put_nowait(None)
