"""The running agent: opened in the order of the flow, run until it is stopped, and closed again.

running_agent    sockets open, saved printers loaded, delivery running; everything closed after
run_service      the service: until SIGTERM
run_once         one pass of the pipeline
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from agent import __version__
from agent.app import Agent, do_nothing
from agent.core import audit
from agent.core.model import Sighting, Tier
from agent.discovery.methods import DiscoveryProgress
from agent.pipeline.polling.trap_trigger import TrapTrigger
from agent.reporting import maintenance
from agent.runtime import jobs
from agent.runtime.host import systemd_notify, watchdog
from agent.runtime.host.watchdog import ServiceManager

log = logging.getLogger(__name__)

STOP_TIMEOUT = (
    0.8  # real seconds for the polls under way when the service stops, and again for the last deliveries
)
FINISHING = frozenset({"batch writer", "delivery"})  # the tasks that finish what is under way
ONCE_TIMEOUT = 30.0  # the same for a single pass


@contextlib.asynccontextmanager
async def running_agent(agent: Agent, patience: float = STOP_TIMEOUT) -> AsyncIterator[Agent]:
    """The agent with its sockets open, saved printers loaded and delivery running; stopped cleanly after.

    What is not done within `patience` is cut short: a poll is made again, an event stays in the outbox.
    """
    await agent.snmp_client.start()
    await agent.maintenance.run_round()
    await agent.poller.load_known_printers()
    agent.supervisor.start("batch writer", agent.batch_writer.run)
    if agent.delivery:
        agent.supervisor.start("delivery", agent.delivery.run, may_end=True)
    try:
        yield agent
    finally:
        await _stop_agent(agent, patience)


async def _stop_agent(agent: Agent, patience: float) -> None:
    """Begin nothing new, finish the polls under way, send what can be sent, and close."""
    await agent.supervisor.stop(keep=FINISHING)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await agent.poller.finish_polls()
    if agent.delivery:
        await agent.delivery.drain(patience)
    await agent.supervisor.stop()
    await agent.snmp_client.close()
    if agent.target:
        await agent.target.aclose()
    agent.store.close()


async def run_service(
    agent: Agent, keeper: ServiceManager | None = None, stop: asyncio.Event | None = None
) -> None:
    """Run until SIGTERM or SIGINT, or until `stop` is set (Windows: by the service control manager)."""
    keeper = keeper or systemd_notify.systemd_manager()
    if stop is None:
        stop = asyncio.Event()
        _install_signal_handlers(stop.set)
    asyncio.get_running_loop().set_exception_handler(partial(_record_callback_error, agent))
    async with running_agent(agent, STOP_TIMEOUT):
        periodic, calendar = jobs.build_jobs(agent), jobs.build_calendar_jobs(agent)
        jobs.watch_clock(periodic, agent, calendar)
        trap_trigger = TrapTrigger(agent.poller, agent.poller.fleet, agent.clock)
        await trap_trigger.open(agent.config.traps, agent.poller.policy)
        _start_tasks(agent, keeper)
        periodic.start()
        calendar.start()
        audit.append_entry(agent.config.state_folder, "service started", version=__version__)
        log.info("printwarden %s watches over %s", __version__, agent.config.site.id)
        keeper.ready(f"watches over {agent.config.site.id}")
        stopping = asyncio.create_task(stop.wait())
        failed = asyncio.create_task(agent.supervisor.wait_fatal())
        await asyncio.wait({stopping, failed}, return_when=asyncio.FIRST_COMPLETED)
        keeper.stopping()
        trap_trigger.close()
        calendar.stop()
        stopping.cancel()
    if not failed.done():
        failed.cancel()
    elif not stop.is_set():
        await failed


def _record_callback_error(agent: Agent, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Record an error in a callback of the event loop, which has no other edge."""
    why = context.get("exception")
    if isinstance(why, Exception):
        agent.supervisor.failures.record_failure("a callback of the event loop", why)
    else:
        loop.default_exception_handler(context)


def _start_tasks(agent: Agent, keeper: ServiceManager) -> None:
    """Start the long-lived tasks beside the jobs: each is restarted if it fails."""
    for way in agent.discovery.ways("listen"):
        listen = partial(agent.discovery.run_methods, [way], listen=None)
        agent.supervisor.start(f"discovery by {way}", listen)
    agent.supervisor.start("old history", partial(jobs.prune_history, agent), may_end=True)
    agent.supervisor.start("state check", partial(maintenance.check_after_crash, agent.store))
    if agent.provider_poller:
        agent.supervisor.start("provider poller", agent.provider_poller.run)
    if keeper.watchdog_timeout:
        ping = partial(watchdog.watchdog_loop, agent.store, keeper.watchdog_timeout, keeper.ping)
        agent.supervisor.start("watchdog", ping)


def _install_signal_handlers(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


async def run_once(
    agent: Agent,
    *,
    listen: float,
    heard: Callable[[DiscoveryProgress], None] = do_nothing,
    met: Callable[[Sighting, str], None] = do_nothing,
) -> None:
    """One pass: find printers, read those known before, deliver, and end."""
    async with running_agent(agent, ONCE_TIMEOUT):
        known = list(agent.poller.fleet.devices)
        await agent.discovery.run_methods(
            agent.discovery.ways(), listen=listen, on_progress=heard, on_verdict=met
        )
        await agent.poller.poll_all(known, frozenset(Tier))
        await jobs.send_heartbeat(agent)
        if agent.provider_poller:
            await agent.provider_poller.poll_provider()
