"""A broken agent: it commits its state, and puts the news into the outbox in a second transaction, after.

Run as `broken_agent.py run --config …`: the product in everything else. The pause between the two is drawn
out, so that a kill finds it.
"""

import time
from typing import Any

from agent.cli import main
from agent.core.store import Store
from agent.reporting.sender import Sender

PAUSE = 0.3  # seconds

held: list[tuple[Sender, Any]] = []
put, do = Sender._queue_envelope, Store.run_blocking


def later(sender: Sender, _: Any, envelope: Any) -> None:
    held.append((sender, envelope))


def apart(store: Store, work: Any) -> Any:
    done = do(store, work)
    news = held[:]
    held.clear()
    if news:
        time.sleep(PAUSE)
        do(store, lambda tx: [put(sender, tx, envelope) for sender, envelope in news])
    return done


if __name__ == "__main__":
    Sender._queue_envelope, Store.run_blocking = later, apart  # type: ignore[method-assign]
    main()
