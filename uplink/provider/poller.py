"""The provider poller: pulls the provider's capabilities and the feedback of its desk.

    every quarter of an hour, give or take            once a day
    ──► delivery well?    ──► GET feedback?after=N    GET capabilities ──► saved; delivery uses them
             │ no                    │ page                          none there: the least
             ▼                       ▼
        another time     entries and N, in one transaction ──► next page, until it is empty

- Outbound only: the agent listens to no provider.
- An entry is processed at least once: N moves on in the transaction that saves the entry. Processing one
  twice is harmless; `save_feedback` sees to that.
- The same client, credential, pauses and breaker as delivery. While delivery has trouble with the destination
  nothing is polled; trouble here never keeps a ticket from leaving.
- Feedback is pulled only from a provider whose capabilities name it; requests are asked for by the names that
  both sides know.
"""

import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from random import Random, SystemRandom

from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.delivery.responses import HttpAnswer, error_for_answer
from uplink.errors import Blocked, DeliveryError
from uplink.events.feedback import Feedback
from uplink.events.request import ProviderRequest
from uplink.interfaces import QueryableTarget, TimeSource, Transactions
from uplink.provider import capabilities, feedback, provider_state
from uplink.provider.capabilities import Capabilities
from uplink.provider.feedback import FeedbackPage
from uplink.provider.provider_state import ProviderState

POLL_INTERVAL = 900.0  # seconds between two askings
MAX_FIRST_DELAY = 180.0  # seconds within which the first one comes, evenly spread: many agents start at once
DAY, HOUR = 86400.0, 3600.0
TRANSIENT_STATUSES = frozenset({401, 408, 425, 429, *range(500, 600)}) - {501}  # statuses of another matter
MAX_PAGES = 50  # in one round; the rest waits for the next

FeedbackSink = Callable[[sqlite3.Connection, Sequence[Feedback], float], object]
"""Saves feedback in the transaction given. May be called twice with the same entries."""

RequestSink = Callable[[sqlite3.Connection, Sequence[ProviderRequest], float], object]
"""Saves requests of the provider in the transaction given; like a `FeedbackSink`."""

log = logging.getLogger(__name__)


class ProviderPoller:
    """Polls the provider. `run` it as a task."""

    def __init__(
        self,
        target: QueryableTarget,
        store: Transactions,
        clock: TimeSource,
        save_feedback: FeedbackSink,
        save_requests: RequestSink | None = None,
        *,
        every: float = POLL_INTERVAL,
        dice: Random | None = None,
    ) -> None:
        self._target, self._store, self._clock, self._every = target, store, clock, every
        self._save_feedback, self._save_requests = save_feedback, save_requests
        self._dice = dice or SystemRandom()
        self._here = DestinationState(name=target.name)  # of polling, apart from delivery

    async def run(self) -> None:
        """Poll for ever."""
        await self._clock.sleep(self._dice.uniform(0, min(MAX_FIRST_DELAY, self._every)))
        while True:
            try:
                await self.poll_provider()
            except sqlite3.OperationalError as why:
                log.error("the answers of %s cannot be saved: %s", self._target.name, why)  # noqa: TRY400 - no traceback for a full disk
            await self._clock.sleep(self._every * self._dice.uniform(0.9, 1.1))

    async def poll_provider(self) -> None:
        """Poll once; a failure is saved and logged, never raised."""
        if not await self._store.run(self._may_poll):
            return
        known = await self._store.run(lambda tx: provider_state.load_provider(tx, self._target.name))
        why: DeliveryError | None = None
        try:
            known = await self._refresh_capabilities(known)
            if known.takes.feedback:
                await self._pull_feedback(known)
        except DeliveryError as error:
            why = error
        await self._record_outcome(why)

    def _may_poll(self, tx: sqlite3.Connection) -> bool:
        """Check that neither delivery nor polling is pausing after a failure."""
        now, sending = self._clock.now(), destination_state.load_destination(tx, self._target.name)
        resting = self._here.remaining_pause(self._clock.monotonic())
        return not (sending.needs_trial or sending.remaining_pause(now) or resting)

    async def _refresh_capabilities(self, known: ProviderState) -> ProviderState:
        """Refresh the provider's capabilities, once a day."""
        now = self._clock.now()
        if 0 <= now - known.asked < DAY:
            return known
        answer = await self._target.get("capabilities", {})
        if answer.status in TRANSIENT_STATUSES:
            raise error_for_answer(answer, now)
        takes = capabilities.parse_capabilities(answer.body) if answer.status == 200 else Capabilities()
        if takes is None:  # a captive portal, perhaps: what was known stays, and it is asked again soon
            log.warning("%s answered the request for its capabilities with something else", self._target.name)
            return await self._store.run(lambda tx: self._update_provider(tx, asked=now - DAY + HOUR))
        if takes != known.takes:
            log.info("%s takes %s", self._target.name, takes.to_json())
        return await self._store.run(lambda tx: self._update_provider(tx, takes=takes, asked=now))

    async def _pull_feedback(self, known: ProviderState) -> None:
        """Pull all feedback, a page at a time."""
        after, wanted = known.after, known.takes.requests if self._save_requests else frozenset[str]()
        more = {"requests": ",".join(sorted(wanted))} if wanted else {}
        for _ in range(MAX_PAGES):
            page = self._parse_answer(await self._target.get("feedback", {"after": str(after)} | more), after)
            await self._store.run(lambda tx, page=page: self._save_page(tx, page, wanted))  # type: ignore[misc]
            after = page.reached
            if not (page.has_more or page.restarted):
                return

    def _parse_answer(self, answer: HttpAnswer, after: int) -> FeedbackPage:
        if answer.status != 200:
            raise error_for_answer(answer, self._clock.now())
        page = feedback.parse_page(answer.body, after)
        if page.restarted:
            log.warning(
                "the desk of %s numbers its feedback anew; all of it is pulled again", self._target.name
            )
        if page.unreadable:
            log.warning("%d entries of feedback do not follow mps.feedback/1; skipped", page.unreadable)
        return page

    def _save_page(self, tx: sqlite3.Connection, page: FeedbackPage, wanted: Collection[str]) -> None:
        """Save the entries, the requests that were asked for, and the position."""
        self._save_feedback(tx, page.entries, self._clock.now())
        requests = [one for one in page.requests if one.request in wanted]
        if requests and self._save_requests:
            self._save_requests(tx, requests, self._clock.now())
        self._update_provider(tx, after=page.reached)

    def _update_provider(self, tx: sqlite3.Connection, **change: object) -> ProviderState:
        known = replace(provider_state.load_provider(tx, self._target.name), **change)  # type: ignore[arg-type]
        provider_state.save_provider(tx, known)
        return known

    async def _record_outcome(self, why: DeliveryError | None) -> None:
        """Save and log the outcome. A provider that refuses is polled again after a quarter of an hour."""
        was, self._here = self._here, self._here.after_attempt(why, self._clock.monotonic(), self._dice)
        reason = why.reason if why else ""
        if reason and reason != was.reason:
            what = "a person must act" if isinstance(why, Blocked) else "it is tried again"
            log.warning("%s: feedback cannot be pulled: %s; %s", self._target.name, reason, what)
        known = await self._store.run(lambda tx: provider_state.load_provider(tx, self._target.name))
        if known.trouble != reason:
            await self._store.run(lambda tx: self._update_provider(tx, trouble=reason))
