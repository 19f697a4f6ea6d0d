"""From the outbox to the provider: one request at a time, the most urgent first.

             wake                     batch             receipt
    IDLE ───────────► what is next? ─────────► send ──────────────► settle ──┐
     ▲                 │ nothing                │ │ Refused                  │
     └─────────────────┘◄───────────────────────│─┴──► split  ───────────────┤
                       ▲                        │ Later, Blocked             │
                       │                        ▼                            │
                       │◄──── pause ◄── remember on disk                     │
                       └─────────────────────────────────────────────────────┘

- What to send is decided anew before every request, also after a pause: a ticket that came in the
  meantime goes before the readings that failed.
- An attempt, its batch and its key are on disk before the first byte leaves; the pause after a failure
  is on disk before it begins. A kill at any point repeats at most one request, byte for byte.
- Nothing is deleted before a receipt names it.
"""

import asyncio
import contextlib
import logging
import sqlite3
from dataclasses import replace
from random import Random, SystemRandom

from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.delivery.responses import Receipt
from uplink.delivery.retry import retry_until
from uplink.errors import (
    Blocked,
    DeliveryError,
    Later,
    Refused,
    RefusesEverything,
    ServerFault,
    Unreachable,
)
from uplink.interfaces import Target, TimeSource, Transactions
from uplink.outbox import outbox
from uplink.provider import provider_state
from uplink.provider.capabilities import Capabilities

DISK_PAUSE = 30.0  # seconds, when the disk is full and nothing can be noted
MAX_IDLE = 3600.0  # seconds without a wake-up before looking anyway

log = logging.getLogger(__name__)


class Delivery:
    """The delivery task. `run` it, `wake` it after each commit that queued an event, `drain` it last."""

    def __init__(
        self,
        target: Target,
        store: Transactions,
        clock: TimeSource,
        *,
        source: str,
        dice: Random | None = None,
    ) -> None:
        """`source`: the CloudEvents source of this agent, such as "/agents/a-7f3c"."""
        self._target, self._store, self._clock, self._source = target, store, clock, source
        self._dice = dice or SystemRandom()
        self._here = DestinationState(name=target.name)
        self._resumes_at = 0.0  # monotonic: a wall clock that is set lengthens no pause
        self._woken, self._closing = asyncio.Event(), asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look for events to send now. Shortens no pause. Call it from the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until `drain`. Continues where the last run, or crash, stopped."""
        self._running = asyncio.current_task()
        self._take_state(
            await self._store.run(lambda tx: destination_state.load_destination(tx, self._target.name))
        )
        await self._pause(self._remaining_pause())
        with contextlib.suppress(Later, Blocked):  # raised only once we are closing
            closing = False
            while await self._send_or_idle() or not closing:
                closing = self._closing.is_set()  # then one more look: at what came during the nap

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - a stop has a deadline of its own
        """Send what can be sent within `timeout` real seconds, then stop. What is left stays queued."""
        self._closing.set()
        self._woken.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=timeout)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _send_or_idle(self) -> bool:
        """Send one batch, with all its attempts, or idle. Return False if there was nothing to send."""
        self._woken.clear()
        sent = await retry_until(
            self._try_request,
            wait=self._remaining_pause,
            sleep=self._pause,
            give_up=self._closing.is_set,
        )
        if not sent and not self._closing.is_set():
            await self._idle_until_woken()
        return sent

    async def _try_request(self) -> bool:
        """Make one request; False when nothing is due. Raises Later or Blocked, already saved."""
        try:
            return await self._send_next_batch()
        except sqlite3.OperationalError as why:
            log.error("the outbox cannot be written: %s; trying again in %.0f s", why, DISK_PAUSE)  # noqa: TRY400 - no traceback for a full disk
            self._take_state(replace(self._here, due=self._clock.now() + DISK_PAUSE))
            raise Unreachable(f"the outbox cannot be written: {why}") from why

    async def _send_next_batch(self) -> bool:
        batch = await self._store.run(self._choose_batch)
        if batch is None:
            return False
        outcome = await self._try_send(batch)
        here, error = await self._store.run(lambda tx: self._apply_outcome(tx, batch, outcome))
        self._update_destination(here, error, len(batch.ids))
        if isinstance(error, Later | Blocked):
            raise error
        return True

    def _choose_batch(self, tx: sqlite3.Connection) -> outbox.Batch | None:
        return outbox.next_batch(
            tx,
            source=self._source,
            now=self._clock.now(),
            single=self._here.needs_trial,
            takes=self._load_capabilities(tx),
            lanes=self._here.trial_lanes,
        )

    def _load_capabilities(self, tx: sqlite3.Connection) -> Capabilities:
        """Load the capabilities that the receiver last announced."""
        return provider_state.load_provider(tx, self._target.name).takes

    async def _try_send(self, batch: outbox.Batch) -> Receipt | DeliveryError:
        try:
            return await self._target.send(batch)
        except DeliveryError as why:
            return why

    def _apply_outcome(
        self, tx: sqlite3.Connection, batch: outbox.Batch, outcome: Receipt | DeliveryError
    ) -> tuple[DestinationState, DeliveryError | None]:
        """Apply `outcome` to the batch and to the saved state of the destination.

        Returns that state, and what is wrong: with the batch, or with the destination.
        """
        now, here = self._clock.now(), self._here
        error, single = self._settle_batch(tx, batch, outcome, now)
        if single and error:
            here, error = here.count_refusal(error)
        if isinstance(error, RefusesEverything):
            outbox.hold_all(tx, now)
        here = here.after_attempt(error, now, self._dice)
        if here != self._here:
            destination_state.save_destination(tx, here)
        return here, error

    def _settle_batch(
        self, tx: sqlite3.Connection, batch: outbox.Batch, outcome: Receipt | DeliveryError, now: float
    ) -> tuple[DeliveryError | None, bool]:
        """Apply `outcome` to the batch; return what is wrong, and whether single events were refused."""
        suspect = self._here.refusals > 0
        if isinstance(outcome, Refused):
            takes = self._load_capabilities(tx)
            single = outbox.split_batch(
                tx, batch, outcome, source=self._source, now=now, takes=takes, suspect=suspect
            )
            return outcome, single
        if isinstance(outcome, ServerFault):
            outbox.record_server_fault(tx, batch, now=now, dice=self._dice)
        if isinstance(outcome, DeliveryError):
            return outcome, False
        rejected = outbox.apply_receipt(tx, batch, outcome, now=now, dice=self._dice, suspect=suspect)
        return rejected, rejected is not None

    def _update_destination(self, here: DestinationState, error: DeliveryError | None, events: int) -> None:
        """Take over the saved state of the destination, and log a refusal or a new reason once."""
        was = self._here
        self._take_state(here)
        if isinstance(error, Refused):
            log.warning("%s refuses a batch of %d: %s", self._target.name, events, error)
        if here.reason and here.reason != was.reason:
            what = "a person must act" if isinstance(error, Blocked) else "it is tried again"
            log.warning("%s: %s; nothing is lost, %s", self._target.name, here.reason, what)
        elif was.reason and not here.reason:
            log.info("%s takes deliveries again", self._target.name)

    def _take_state(self, state: DestinationState) -> None:
        """Go on with `state`. Its pause is wall time on the disk, and monotonic here."""
        self._here = state
        self._resumes_at = self._clock.monotonic() + state.remaining_pause(self._clock.now())

    def _remaining_pause(self) -> float:
        return max(0.0, self._resumes_at - self._clock.monotonic())

    async def _pause(self, seconds: float) -> None:
        await self._wait_for_event(self._closing, seconds)

    async def _idle_until_woken(self) -> None:
        parked = await self._store.run(lambda tx: outbox.next_due(tx, self._clock.now()))
        await self._wait_for_event(self._woken, MAX_IDLE if parked is None else min(MAX_IDLE, parked))

    async def _wait_for_event(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for `event`, at most `seconds` of the clock."""
        if seconds <= 0:
            return
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
