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
from uplink.delivery.destination_state import Destination
from uplink.delivery.responses import Answer, failure
from uplink.errors import DeliveryError, Held
from uplink.events.feedback import Feedback
from uplink.interfaces import Asked, Clock, Transactions
from uplink.provider import capabilities, feedback, provider_state
from uplink.provider.capabilities import Capabilities
from uplink.provider.feedback import Page
from uplink.provider.provider_state import Provider

EVERY = 900.0  # seconds between two askings
SOON = 180.0  # seconds within which the first one comes, evenly spread: many agents start at once
DAY, HOUR = 86400.0, 3600.0
SAYS_NOTHING = frozenset({401, 408, 425, 429, *range(500, 600)}) - {501}  # statuses of another matter
MOST_PAGES = 50  # in one round; the rest waits for the next

Hear = Callable[[sqlite3.Connection, Sequence[Feedback], float], object]
"""Takes the words in, in the transaction given. May be called twice with the same ones."""

log = logging.getLogger(__name__)


class Office:
    """The one who asks. `run` it as a task."""

    def __init__(
        self,
        target: Asked,
        store: Transactions,
        clock: Clock,
        hear: Hear,
        *,
        every: float = EVERY,
        dice: Random | None = None,
    ) -> None:
        self._target, self._store, self._clock, self._hear, self._every = target, store, clock, hear, every
        self._dice = dice or SystemRandom()
        self._here = Destination(name=target.name)  # how it stands with asking, apart from delivery

    async def run(self) -> None:
        """Ask for ever."""
        await self._clock.sleep(self._dice.uniform(0, min(SOON, self._every)))
        while True:
            try:
                await self.round()
            except sqlite3.OperationalError as why:
                log.error("what was asked of %s cannot be kept: %s; another time", self._target.name, why)  # noqa: TRY400 - no traceback for a full disk
            await self._clock.sleep(self._every * self._dice.uniform(0.9, 1.1))

    async def round(self) -> None:
        """Ask once what there is to ask; a failure is remembered, and raised never."""
        if not await self._store.run(self._well):
            return
        known = await self._store.run(lambda tx: provider_state.load(tx, self._target.name))
        why: DeliveryError | None = None
        try:
            known = await self._capabilities(known)
            if known.takes.feedback:
                await self._listen(known.after)
        except DeliveryError as told:
            why = told
        await self._conclude(why)

    def _well(self, tx: sqlite3.Connection) -> bool:
        """Whether neither delivery nor we were refused lately."""
        now, sending = self._clock.now(), destination_state.load(tx, self._target.name)
        return not (sending.careful or sending.wait(now) or self._here.wait(now))

    async def _capabilities(self, known: Provider) -> Provider:
        """What the provider takes: asked again after a day."""
        now = self._clock.now()
        if 0 <= now - known.asked < DAY:
            return known
        answer = await self._target.get("capabilities", {})
        if answer.status in SAYS_NOTHING:
            raise failure(answer, now)
        takes = capabilities.read(answer.body) if answer.status == 200 else Capabilities()
        if takes is None:  # a captive portal, perhaps: what was known stays, and it is asked again soon
            log.warning("%s does not say what it takes, but something else", self._target.name)
            return await self._store.run(lambda tx: self._note(tx, asked=now - DAY + HOUR))
        if takes != known.takes:
            log.info("%s takes %s", self._target.name, takes.written())
        return await self._store.run(lambda tx: self._note(tx, takes=takes, asked=now))

    async def _listen(self, after: int) -> None:
        """Hear the desk to the end, a page at a time."""
        for _ in range(MOST_PAGES):
            page = self._page(await self._target.get("feedback", {"after": str(after)}), after)
            await self._store.run(lambda tx, page=page: self._take(tx, page))  # type: ignore[misc]
            after = page.reached
            if not (page.more or page.restarted):
                return

    def _page(self, answer: Answer, after: int) -> Page:
        if answer.status != 200:
            raise failure(answer, self._clock.now())
        page = feedback.page(answer.body, after)
        if page.restarted:
            log.warning("the desk of %s counts anew; all of it is heard again", self._target.name)
        if page.unreadable:
            log.warning("%d words of the desk do not follow mps.feedback/1; passed over", page.unreadable)
        return page

    def _take(self, tx: sqlite3.Connection, page: Page) -> None:
        """Keep the words, and how far we are."""
        self._hear(tx, page.words, self._clock.now())
        self._note(tx, after=page.reached)

    def _note(self, tx: sqlite3.Connection, **change: object) -> Provider:
        known = replace(provider_state.load(tx, self._target.name), **change)  # type: ignore[arg-type]
        provider_state.save(tx, known)
        return known

    async def _conclude(self, why: DeliveryError | None) -> None:
        """Remember how it went. Whoever refuses us is asked again after a quarter of an hour, too."""
        was, self._here = self._here, self._here.after(why, self._clock.now(), self._dice)
        reason = why.reason if why else ""
        if reason and reason != was.reason:
            what = "a person must act" if isinstance(why, Held) else "another time"
            log.warning("%s: its desk cannot be heard: %s; %s", self._target.name, reason, what)
        known = await self._store.run(lambda tx: provider_state.load(tx, self._target.name))
        if known.trouble != reason:
            await self._store.run(lambda tx: self._note(tx, trouble=reason))
