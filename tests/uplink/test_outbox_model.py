"""A random life of an outbox against a plain list, with crashes. Broken outboxes must be found out.

Each step puts, sends, answers, refuses, or crashes in the middle of one of these and opens the file
again. The model knows what was accepted and what the provider took; nothing else.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from agent.core.store import Store
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.errors import Poisoned
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane

SUBJECTS = "abcdef"
HONEST = SimpleNamespace(
    put=outbox.put, next_batch=outbox.next_batch, settle=outbox.apply_receipt, narrow=outbox.split_batch
)


class Crash(BaseException):
    """The process ends here: whatever was not committed is gone."""


def _and_perhaps_crash(done: Any, crashes: bool) -> Any:
    if crashes:
        raise Crash
    return done


@dataclass
class Life:
    """One outbox, the list it is measured by, and what the provider has seen."""

    path: Path
    dice: Random
    box: Any
    now: float = 1000.0
    accepted: list[tuple[int, UUID, str, Lane]] = field(default_factory=list)
    taken: list[UUID] = field(default_factory=list)
    refused: set[UUID] = field(default_factory=set)
    bodies: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, dict[UUID, ItemResult]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = Store(self.path, {"outbox": outbox.SCHEMA})

    def commit(self, work: Callable[[sqlite3.Connection], Any], *, crashes: bool = False) -> Any:
        """`work` in a transaction; where it crashes, nothing of it may remain."""
        try:
            with self.store.transaction() as tx:
                return _and_perhaps_crash(work(tx), crashes)
        except Crash:
            self.store.close()
            self.store = Store(self.path, {"outbox": outbox.SCHEMA})
            return None

    def put(self, crashes: bool) -> None:
        lane = self.dice.choice(list(Lane))
        subject = self.dice.choice(SUBJECTS)
        new = [
            Envelope(lane=lane, type="t/1", subject=subject, time=self.now, data={"n": n})
            for n in range(self.dice.randint(1, 4))
        ]
        seqs = self.commit(lambda tx: [self.box.put(tx, one) for one in new], crashes=crashes)
        self.accepted += [(seq, one.id, subject, lane) for seq, one in zip(seqs or [], new, strict=False)]

    def send(self, crashes: bool) -> None:
        """One round: choose, let the provider decide, conclude; with a crash after any of the three."""
        single = self.dice.random() < 0.1
        choose = lambda tx: self.box.next_batch(tx, source="/a", now=self.now, single=single)  # noqa: E731
        batch = self.commit(choose)
        if batch is None or self.dice.random() < 0.2:
            return  # nothing to do, or the request never arrived
        assert self.bodies.setdefault(batch.key, batch.body) == batch.body, "one key, two bodies"
        if self.dice.random() < 0.1:
            self.commit(lambda tx: self.box.narrow(tx, batch, Poisoned("no"), source="/a", now=self.now))
            if len(batch.ids) == 1:
                self.refused.update(batch.ids)
            return
        receipt = self.receipts.get(batch.key) or self._decide(batch)
        self.receipts[batch.key] = receipt
        conclude = lambda tx: self.box.settle(tx, batch, receipt, now=self.now, dice=self.dice)  # noqa: E731
        self.commit(conclude, crashes=crashes)

    def _decide(self, batch: outbox.Batch) -> dict[UUID, ItemResult]:
        """The provider's receipt. Once it defers an event, it takes nothing later of that subject; and it
        may forget to name one."""
        told, deferred = {}, set()
        subjects = {name: subject for _, name, subject, _ in self.accepted}
        for name in batch.ids:
            chosen = self.dice.choices(
                [ItemOutcome.ACCEPTED, ItemOutcome.RETRY, ItemOutcome.REJECTED, None], [16, 4, 2, 1]
            )[0]
            if name in self.taken:
                chosen = ItemOutcome.DUPLICATE
            elif name in self.refused:
                chosen = ItemOutcome.REJECTED
            elif subjects[name] in deferred:
                chosen = ItemOutcome.RETRY
            if chosen in {ItemOutcome.RETRY, None}:
                deferred.add(subjects[name])
            if chosen is ItemOutcome.ACCEPTED:
                self.taken.append(name)
            if chosen is ItemOutcome.REJECTED:
                self.refused.add(name)
            if chosen is not None:
                told[name] = ItemResult(chosen)
        return told

    def step(self) -> None:
        crashes = self.dice.random() < 0.15
        self.dice.choices([self.put, self.send, self.wait], [3, 5, 1])[0](crashes)
        self.check()

    def wait(self, _: bool) -> None:
        self.now += self.dice.uniform(0, 400)

    def check(self) -> None:
        """What must hold after every step."""
        with self.store.transaction() as tx:
            waiting = {entry.id for entry in queries.list_pending(tx, 10_000)}
            dead = {entry.id for entry in queries.list_dead(tx, 10_000)}
            counts = queries.count_outbox(tx)
        everything = {name for _, name, _, _ in self.accepted}
        gone = everything - waiting - dead
        assert [seq for seq, *_ in self.accepted] == list(range(1, len(self.accepted) + 1)), "a gap"
        assert waiting | dead <= everything, "something that was never accepted"
        assert not waiting & dead, "in two places"
        assert gone <= set(self.taken), "lost: neither waiting, nor dead, nor with the provider"
        assert dead <= self.refused, "dead without a reason"
        assert sum(counts.delivered.values()) == len(gone), "miscounted"

    def finish(self) -> None:
        """A kind provider takes the rest; order is checked over all that it took first."""
        for _ in range(10_000):
            self.now += 400
            batch = self.commit(lambda tx: self.box.next_batch(tx, source="/a", now=self.now, single=False))
            if batch is None:
                break
            self.taken += [name for name in batch.ids if name not in {*self.taken, *self.refused}]
            kind = {True: ItemOutcome.ACCEPTED, False: ItemOutcome.REJECTED}
            receipt = {name: ItemResult(kind[name in self.taken]) for name in batch.ids}
            self.commit(
                lambda tx, b=batch, r=receipt: self.box.settle(tx, b, r, now=self.now, dice=self.dice)
            )
        self.check()
        with self.store.transaction() as tx:
            assert not queries.count_outbox(tx).pending, "stuck"
        self.in_order()

    def in_order(self) -> None:
        """Events of one subject and lane were taken in the order in which they were accepted."""
        place = {name: (lane, subject, seq) for seq, name, subject, lane in self.accepted}
        for lane in Lane:
            for subject in SUBJECTS:
                seqs = [place[name][2] for name in self.taken if place[name][:2] == (lane, subject)]
                assert seqs == sorted(seqs), f"out of order: {seqs}"


def live(path: Path, seed: int, box: Any = HONEST, steps: int = 120) -> None:
    life = Life(path, Random(seed), box)
    try:
        for _ in range(steps):
            life.step()
        life.finish()
    finally:
        life.store.close()


LIVES = [(12, 120), pytest.param(200, 300, marks=pytest.mark.long)]


@pytest.mark.claim("model")
@pytest.mark.parametrize(("lives", "steps"), LIVES)
def test_random_lives_with_crashes_lose_nothing(
    tmp_path: Path, lives: int, steps: int, figure: Callable[..., None]
) -> None:
    for seed in range(lives):
        live(tmp_path / f"{steps}-{seed}.db", seed + steps, steps=steps)
    figure(lives=lives, steps=lives * steps)


def _number_from_the_queue(tx: sqlite3.Connection, one: Envelope) -> int:
    """Broken: numbers by what is queued, so a number comes back after delivery."""
    highest = tx.execute("SELECT COALESCE(MAX(seq), 0) FROM outbox_event").fetchone()[0]
    tx.execute("INSERT OR REPLACE INTO outbox_count VALUES ('accepted', -1, ?)", (highest,))
    return outbox.put(tx, one)


def _delete_whatever_was_sent(tx: sqlite3.Connection, batch: outbox.Batch, *_: Any, **__: Any) -> None:
    """Broken: takes any receipt for a receipt of everything."""
    everything = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
    outbox.apply_receipt(tx, batch, everything, now=0, dice=Random(1))


def _delete_before_the_answer(tx: sqlite3.Connection, **how: Any) -> outbox.Batch | None:
    """Broken: at most once."""
    batch = outbox.next_batch(tx, **how)
    if batch is not None:
        _delete_whatever_was_sent(tx, batch)
    return batch


def _thaw_each_time(tx: sqlite3.Connection, **how: Any) -> outbox.Batch | None:
    """Broken: keeps the key but packs anew, with whatever came since."""
    frozen = tx.execute("SELECT number, key FROM outbox_batch ORDER BY lane, first_seq LIMIT 1").fetchone()
    if frozen is not None:
        tx.execute("UPDATE outbox_event SET batch = NULL WHERE batch = ?", (frozen["number"],))
        tx.execute("DELETE FROM outbox_batch WHERE number = ?", (frozen["number"],))
        again = outbox.next_batch(tx, **how)
        assert again is not None
        tx.execute("UPDATE outbox_batch SET key = ? WHERE number = ?", (frozen["key"], again.number))
    return outbox.next_batch(tx, **how)


def _throw_away_what_is_refused(tx: sqlite3.Connection, batch: outbox.Batch, *_: Any, **__: Any) -> None:
    """Broken: no bisect; a refused batch is dropped."""
    _delete_whatever_was_sent(tx, batch)


def _hold_nothing_back(tx: sqlite3.Connection, **how: Any) -> outbox.Batch | None:
    """Broken: sends later events of a subject before the one that was deferred."""
    deferred = tx.execute("SELECT seq, due FROM outbox_event WHERE due > ?", (how["now"],)).fetchall()
    for row in deferred:  # out of the way, so that they hold back nothing
        tx.execute("UPDATE outbox_event SET lane = 9 - lane WHERE seq = ?", (row["seq"],))
    batch = outbox.next_batch(tx, **how)
    for row in deferred:
        tx.execute("UPDATE outbox_event SET lane = 9 - lane WHERE seq = ?", (row["seq"],))
    return batch


@pytest.mark.control("model")
@pytest.mark.parametrize(
    "broken",
    [
        {"put": _number_from_the_queue},
        {"settle": _delete_whatever_was_sent},
        {"next_batch": _delete_before_the_answer},
        {"next_batch": _thaw_each_time},
        {"next_batch": _hold_nothing_back},
        {"narrow": _throw_away_what_is_refused},
    ],
    ids=lambda broken: next(iter(broken.values())).__name__.strip("_"),
)
def test_a_broken_outbox_is_found_out(
    tmp_path: Path, broken: dict[str, Any], figure: Callable[..., None]
) -> None:
    box = SimpleNamespace(**{**vars(HONEST), **broken})

    def live_ten_times() -> None:
        for seed in range(10):
            live(tmp_path / f"{seed}.db", seed, box)

    with pytest.raises((AssertionError, sqlite3.IntegrityError)):
        live_ten_times()
    figure(found=1, variants=1)
