"""A long queue drains, in little memory, and a new ticket does not wait for it: benchmarks/delivery.py as a test.

How fast is a figure, and decides nothing: machines differ. What decides is that the work of a request does not
grow with the queue.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.core.store import Store
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.outbox import outbox
from uplink.outbox.envelope import Envelope, Lane

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "delivery.py"
MOST_MEMORY = 150  # MB


@pytest.mark.claim("drain")
@pytest.mark.claim("tickets-first")
@pytest.mark.parametrize("events", [10_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_long_queue_drains_in_little_memory_and_a_new_ticket_goes_first(events: int, figure: Any) -> None:
    ran = subprocess.run([sys.executable, str(SCRIPT), str(events)], stdout=subprocess.PIPE, check=True)
    told = json.loads(ran.stdout)
    figure(
        queued=events,
        rate=told["drained_per_second"],
        cpu=told["cpu_us_per_event"],
        rss=told["peak_rss_mb"],
        seconds=told["new_ticket_out_s"],
    )
    assert told["new_ticket_out_s"] < 5
    assert told["peak_rss_mb"] < MOST_MEMORY


def work(path: Path, make: Callable[..., Envelope], queued: int, spoil: str = "") -> int:
    """What choosing and settling one batch costs on a queue of this length, in steps of SQLite's machine."""
    store = Store(path, {"outbox": outbox.SCHEMA})
    with store.transaction() as tx:
        for number in range(queued):
            outbox.put(tx, make(number, Lane.METERS))
        if spoil:
            tx.execute(spoil)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.transaction() as tx:
        tx.set_progress_handler(count, 20)
        batch = outbox.next_batch(tx, source="/a", now=1.0)
        assert batch is not None
        receipt = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
        outbox.apply_receipt(tx, batch, receipt, now=1.0, dice=Random(1))
        tx.set_progress_handler(None, 0)
    store.close()
    return steps


def growth(folder: Path, make: Callable[..., Envelope], spoil: str = "") -> float:
    """How many times as much work a request is on a queue thirty-two times as long."""
    short, long = (work(folder / f"{n}.db", make, n, spoil) for n in (500, 16_000))
    return long / short


@pytest.mark.claim("drain")
def test_the_work_of_a_request_does_not_grow_with_the_queue(
    tmp_path: Path, make: Callable[..., Envelope]
) -> None:
    assert growth(tmp_path, make) < 1.2


@pytest.mark.control("drain")
def test_without_the_index_on_lanes_it_would(
    tmp_path: Path, make: Callable[..., Envelope], figure: Any
) -> None:
    """Broken: no index on (lane, seq)."""
    times = growth(tmp_path, make, "DROP INDEX outbox_queue")
    figure(steps=times)
    assert times > 1.5
