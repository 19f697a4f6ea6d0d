"""What the agent asks of the provider now and then: what it takes, and what its desk says of tickets.

    every quarter of an hour, give or take            once a day
    ──► is the line well? ──► GET feedback?after=N    GET capabilities ──► kept; delivery goes by it
             │ no                    │ page                          nothing of the kind: as at first
             ▼                       ▼
        another time     words and N, in one transaction ──► next page, until there is none

- Outbound only: nobody calls the agent.
- A word is heard at least once: N moves on in the transaction that keeps the word. Hearing one twice is
  harmless, and that is up to `hear`.
- The same client, credential, pauses and breaker as delivery. While delivery has trouble with the destination
  nothing is asked; trouble here is this one's own, and never keeps a ticket from leaving.
- Only who says that it has feedback is asked for it.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random, SystemRandom

from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.delivery.responses import HttpAnswer, error_for_answer
from uplink.errors import Blocked, DeliveryError
from uplink.events.feedback import Feedback
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
"""Takes the words in, in the transaction given. May be called twice with the same ones."""

log = logging.getLogger(__name__)


class ProviderPoller:
    """The one who asks. `run` it as a task."""

    def __init__(
        self,
        target: QueryableTarget,
        store: Transactions,
        clock: TimeSource,
        hear: FeedbackSink,
        *,
        every: float = POLL_INTERVAL,
        dice: Random | None = None,
    ) -> None:
        self._target, self._store, self._clock, self._hear, self._every = target, store, clock, hear, every
        self._dice = dice or SystemRandom()
        self._here = DestinationState(name=target.name)  # how it stands with asking, apart from delivery

    async def run(self) -> None:
        """Ask for ever."""
        await self._clock.sleep(self._dice.uniform(0, min(MAX_FIRST_DELAY, self._every)))
        while True:
            try:
                await self.poll_provider()
            except sqlite3.OperationalError as why:
                log.error("what was asked of %s cannot be kept: %s; another time", self._target.name, why)  # noqa: TRY400 - no traceback for a full disk
            await self._clock.sleep(self._every * self._dice.uniform(0.9, 1.1))

    async def poll_provider(self) -> None:
        """Ask once what there is to ask; a failure is remembered, and raised never."""
        if not await self._store.run(self._may_poll):
            return
        known = await self._store.run(lambda tx: provider_state.load_provider(tx, self._target.name))
        why: DeliveryError | None = None
        try:
            known = await self._refresh_capabilities(known)
            if known.takes.feedback:
                await self._pull_feedback(known.after)
        except DeliveryError as told:
            why = told
        await self._record_outcome(why)

    def _may_poll(self, tx: sqlite3.Connection) -> bool:
        """Whether neither delivery nor we were refused lately."""
        now, sending = self._clock.now(), destination_state.load_destination(tx, self._target.name)
        return not (sending.needs_trial or sending.remaining_pause(now) or self._here.remaining_pause(now))

    async def _refresh_capabilities(self, known: ProviderState) -> ProviderState:
        """What the provider takes: asked again after a day."""
        now = self._clock.now()
        if 0 <= now - known.asked < DAY:
            return known
        answer = await self._target.get("capabilities", {})
        if answer.status in TRANSIENT_STATUSES:
            raise error_for_answer(answer, now)
        takes = capabilities.parse_capabilities(answer.body) if answer.status == 200 else Capabilities()
        if takes is None:  # a captive portal, perhaps: what was known stays, and it is asked again soon
            log.warning("%s does not say what it takes, but something else", self._target.name)
            return await self._store.run(lambda tx: self._update_provider(tx, asked=now - DAY + HOUR))
        if takes != known.takes:
            log.info("%s takes %s", self._target.name, takes.to_json())
        return await self._store.run(lambda tx: self._update_provider(tx, takes=takes, asked=now))

    async def _pull_feedback(self, after: int) -> None:
        """Hear the desk to the end, a page at a time."""
        for _ in range(MAX_PAGES):
            page = self._parse_answer(await self._target.get("feedback", {"after": str(after)}), after)
            await self._store.run(lambda tx, page=page: self._save_page(tx, page))  # type: ignore[misc]
            after = page.reached
            if not (page.has_more or page.restarted):
                return

    def _parse_answer(self, answer: HttpAnswer, after: int) -> FeedbackPage:
        if answer.status != 200:
            raise error_for_answer(answer, self._clock.now())
        page = feedback.parse_page(answer.body, after)
        if page.restarted:
            log.warning("the desk of %s counts anew; all of it is heard again", self._target.name)
        if page.unreadable:
            log.warning("%d words of the desk do not follow mps.feedback/1; passed over", page.unreadable)
        return page

    def _save_page(self, tx: sqlite3.Connection, page: FeedbackPage) -> None:
        """Keep the words, and how far we are."""
        self._hear(tx, page.entries, self._clock.now())
        self._update_provider(tx, after=page.reached)

    def _update_provider(self, tx: sqlite3.Connection, **change: object) -> ProviderState:
        known = replace(provider_state.load_provider(tx, self._target.name), **change)  # type: ignore[arg-type]
        provider_state.save_provider(tx, known)
        return known

    async def _record_outcome(self, why: DeliveryError | None) -> None:
        """Remember how it went. Whoever refuses us is asked again after a quarter of an hour, too."""
        was, self._here = self._here, self._here.after_attempt(why, self._clock.now(), self._dice)
        reason = why.reason if why else ""
        if reason and reason != was.reason:
            what = "a person must act" if isinstance(why, Blocked) else "another time"
            log.warning("%s: its desk cannot be heard: %s; %s", self._target.name, reason, what)
        known = await self._store.run(lambda tx: provider_state.load_provider(tx, self._target.name))
        if known.trouble != reason:
            await self._store.run(lambda tx: self._update_provider(tx, trouble=reason))
