"""An agent that dies. Run by test_kill.py as a process of its own: a nursery that forks agents.

    killable_agent.py DATABASE URL EVENTS KILLS SEED VARIANT

Each agent puts its share of events, one a transaction, from where the last one stopped, and delivers
what there is to URL. Half of the agents kill themselves with SIGKILL at the N-th step of put, send, ack,
delete (before the work, between the work and its commit, or after); the others are killed by the
nursery after a random time. The last agent lives until all is delivered. Ends with 0 if it got there.
"""

import asyncio
import functools
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

from agent.core.clock import Clock, format_iso_time
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.delivery.responses import ItemOutcome, ItemResult, Receipt
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane
from uplink.targets import https

T = TypeVar("T")
NEVER = 1 << 60
MOST_STEPS = 60  # that an agent lives
LONGEST_LIFE = 0.1  # seconds, of those that are killed by the clock


@dataclass
class Fate:
    """Counts steps, and ends the process at one of them."""

    steps_left: int
    lingers: bool = False  # waits for the kill when its work is done

    def step(self) -> None:
        self.steps_left -= 1
        if self.steps_left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalStore:
    """A store that may die before, within or after each transaction."""

    def __init__(self, store: Store, fate: Fate) -> None:
        self.store, self.fate = store, fate

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def do(tx: sqlite3.Connection) -> T:
            done = work(tx)
            self.fate.step()
            return done

        self.fate.step()
        done = await self.store.run(do)
        self.fate.step()
        return done


class MortalTarget:
    """A target that may die just before and just after a request."""

    def __init__(self, target: https.HttpsTarget, fate: Fate) -> None:
        self.target, self.fate, self.name = target, fate, target.name
        self.clock_offset = None

    async def send(self, batch: outbox.Batch) -> Receipt:
        self.fate.step()
        receipt = await self.target.send(batch)
        self.fate.step()
        return receipt

    async def aclose(self) -> None:
        await self.target.aclose()


class DeletesBeforeTheReceipt(Delivery):
    """Broken: at most once."""

    async def _try_send(self, batch: outbox.Batch) -> Any:
        done = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
        await self._store.run(lambda tx: outbox.apply_receipt(tx, batch, done, now=0, dice=Random(1)))
        return await super()._try_send(batch)


class NamesEventsWhenSending(Delivery):
    """Broken: an event's id and its batch's key are made anew for each attempt."""

    async def _try_send(self, batch: outbox.Batch) -> Any:
        names = {name: uuid4() for name in batch.ids}
        body = batch.body
        for old, new in names.items():
            body = body.replace(str(old).encode(), str(new).encode())
        sent = outbox.Batch(
            number=batch.number,
            key=str(uuid4()),
            lane=batch.lane,
            body=body,
            ids=tuple(names.values()),
            tries=1,
        )
        outcome = await super()._try_send(sent)
        return {old: outcome[new] for old, new in names.items()} if isinstance(outcome, dict) else outcome


VARIANTS = {"honest": Delivery, "deletes": DeletesBeforeTheReceipt, "renames": NamesEventsWhenSending}


def event(number: int) -> Envelope:
    data = {
        "schema": "mps.agent_health/1",
        "observed_at": format_iso_time(1e9 + number),
        "agent": {"agent_id": "mortal", "version": "1"},
    }
    return Envelope(lane=Lane.TICKETS, type="mps.agent_health/1", subject=f"{number}", time=1e9, data=data)


async def live(database: Path, url: str, events: int, fate: Fate, variant: str) -> None:
    """Put what is missing of `events`, deliver everything."""
    store = Store(database, {"outbox": outbox.SCHEMA})
    mortal = MortalStore(store, fate)
    target = https.connect(https.Settings(url=url, insecure_loopback=True))
    kind = VARIANTS[variant]
    delivery = kind(MortalTarget(target, fate), mortal, Clock.scaled(5000), source="/agents/mortal")
    running = asyncio.create_task(delivery.run())
    first = (await store.run(queries.count_outbox)).accepted + 1
    for number in range(first, events + 1):
        await mortal.run(lambda tx, n=number: outbox.put(tx, event(n)))
        delivery.wake()
    while (await store.run(queries.count_outbox)).pending:
        await asyncio.sleep(0.005)
    if fate.lingers:
        await asyncio.Event().wait()
    running.cancel()


def bear(work: Callable[[], None]) -> int:
    """Fork; the child does `work` and ends: 0 done, 1 with a traceback."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except Exception:  # noqa: BLE001 - the traceback is the point
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def main(database: str, url: str, events: str, kills: str, seed: str, variant: str) -> None:
    dice, total, deaths = Random(int(seed)), int(events), int(kills)
    https.build_trust = functools.cache(https.build_trust)
    https.build_trust(
        None
    )  # read once, here: to read the system's certificates takes longer than most of these lives
    assert total >= MOST_STEPS * deaths / 3, "an agent could run out of work before it dies"
    for number in range(1, deaths + 1):
        by_step = dice.random() < 0.5
        fate = Fate(dice.randint(0, MOST_STEPS)) if by_step else Fate(NEVER, lingers=True)
        share = total * number // deaths
        child = bear(lambda f=fate, s=share: asyncio.run(live(Path(database), url, s, f, variant)))
        if not by_step:
            time.sleep(dice.uniform(0.0, LONGEST_LIFE))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"agent {number} did not die of the kill"
    asyncio.run(live(Path(database), url, total, Fate(NEVER), variant))


if __name__ == "__main__":
    main(*sys.argv[1:])
