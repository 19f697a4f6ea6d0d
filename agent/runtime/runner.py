"""The agent at work: opened in the order of the flow, run until it is told to end, and closed again.

running    sockets open, known printers taken up, delivery going; everything closed after
serve      the service: until SIGTERM, or until something that must run for ever has ended
once       one pass down the line
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable

from agent import __version__
from agent.app import Agent, unheard
from agent.core import audit
from agent.core.model import Sighting, Tier
from agent.discovery.methods import Progress
from agent.pipeline import maintenance
from agent.pipeline.polling.trap_trigger import Earshot
from agent.runtime import jobs
from agent.runtime.host import systemd_notify, watchdog
from agent.runtime.host.watchdog import Keeper

log = logging.getLogger("printwarden")

STOP = 0.8  # real seconds for the polls under way when the service stops, and again for the last deliveries
ONCE = 30.0  # the same for a single pass, which nobody waits for


@contextlib.asynccontextmanager
async def running(agent: Agent, patience: float = STOP) -> AsyncIterator[Agent]:
    """The agent with its sockets open, known printers taken up and delivery going; stopped cleanly after.

    What is not done within `patience` is cut short: a poll is made again, an event stays in the outbox.
    """
    await agent.engine.start()
    await agent.house.keep()
    await agent.rounds.resume()
    agent.tasks.append(asyncio.create_task(agent.intake.run(), name="intake"))
    if agent.delivery:
        agent.tasks.append(asyncio.create_task(agent.delivery.run(), name="delivery"))
    try:
        yield agent
    finally:
        await _stop(agent, patience)


async def _stop(agent: Agent, patience: float) -> None:
    """Finish the polls under way, send what can be sent, and close, in the order of the flow."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await agent.rounds.finish()
    if agent.delivery:
        await agent.delivery.drain(patience)
    for task in agent.tasks:
        task.cancel()
    await asyncio.gather(*agent.tasks, return_exceptions=True)
    await agent.engine.close()
    if agent.target:
        await agent.target.aclose()
    agent.store.close()


async def serve(agent: Agent, keeper: Keeper | None = None, stop: asyncio.Event | None = None) -> None:
    """Run until SIGTERM or SIGINT, or until `stop` is set by whoever is told to end it (Windows)."""
    keeper = keeper or systemd_notify.keeper()
    if stop is None:
        stop = asyncio.Event()
        _on_signals(stop.set)
    async with running(agent):
        cadences = jobs.cadences(agent)
        cadences.start()
        earshot = Earshot(agent.rounds, agent.rounds.roll, agent.clock)
        await earshot.open(agent.config.traps, agent.rounds.territory)
        agent.tasks.append(asyncio.create_task(_listen(agent), name="listen"))
        agent.tasks.append(asyncio.create_task(maintenance.examine(agent.store), name="examine"))
        if agent.office:
            agent.tasks.append(asyncio.create_task(agent.office.run(), name="office"))
        if keeper.patience:
            watched = watchdog.beat(agent.store, keeper.patience, keeper.felt)
            agent.tasks.append(asyncio.create_task(watched, name="pulse"))
        audit.note(agent.config.state, "service started", version=__version__)
        log.info("printwarden %s watches over %s", __version__, agent.config.site.id)
        keeper.ready(f"watches over {agent.config.site.id}")
        failed = asyncio.create_task(_first_failure(agent.tasks))
        await asyncio.wait({asyncio.create_task(stop.wait()), failed}, return_when=asyncio.FIRST_COMPLETED)
        keeper.leaving()
        earshot.close()
        cadences.stop()
    if failed.done() and not stop.is_set():
        await failed


async def _first_failure(tasks: list[asyncio.Task[None]]) -> None:
    """Wait until one of the tasks that must run for ever has ended, and raise what ended it."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


async def _listen(agent: Agent) -> None:
    """Take in the printers that announce themselves, for as long as the service runs."""
    await agent.scouting.look(agent.scouting.ways("listen"), listen=None)
    await asyncio.Event().wait()


async def once(
    agent: Agent,
    *,
    listen: float,
    heard: Callable[[Progress], None] = unheard,
    met: Callable[[Sighting, str], None] = unheard,
) -> None:
    """One pass: find printers, read those known before, deliver, and end."""
    async with running(agent, ONCE):
        known = list(agent.rounds.roll.known)
        await agent.scouting.look(agent.scouting.ways(), listen=listen, heard=heard, met=met)
        await agent.rounds.everybody(known, frozenset(Tier))
        await jobs.heartbeat(agent)
        if agent.office:
            await agent.office.round()
