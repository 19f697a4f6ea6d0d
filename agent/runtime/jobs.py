"""The periodic jobs of the service: polls, sweeps, heartbeats, edited files, outbox maintenance."""

import asyncio
import logging
import os
import sqlite3
from dataclasses import asdict, replace
from functools import partial

from agent import __version__
from agent.app import Agent
from agent.core import health
from agent.core.clock_jumps import ClockJumpDetector
from agent.core.health import Health
from agent.core.units import format_duration
from agent.forecast import forecast_store
from agent.history import expiry_clock, retention
from agent.pipeline.polling.collecting import find_local_collectors
from agent.pipeline.polling.usb_printers import UsbPoller
from agent.reporting import promise_watch, verification
from agent.rules import shadow_findings
from agent.runtime.calendar_jobs import CalendarJobs
from agent.runtime.periodic_jobs import PeriodicJobs
from agent.tickets import approvals, held_changes

log = logging.getLogger(__name__)

POLL_TICK = 1.0  # real seconds between looks for due printers; a scaled clock looks more often
RELOAD_INTERVAL = 2.0  # real seconds between looks at edited files
PRUNE_TIME = (3, 10)  # hour and minute of the site's night at which old history is deleted
CLOCK_INTERVAL = 1.0  # real seconds between looks at the wall clock
MAINTENANCE_INTERVAL = 60.0  # real seconds between looks at the outbox's bounds


def build_jobs(agent: Agent) -> PeriodicJobs:
    """Build the periodic jobs of the service, not yet started."""
    made = PeriodicJobs(agent.clock, agent.supervisor)
    speed, schedule = agent.clock.speed, agent.config.schedule
    made.add_job(min(POLL_TICK * speed, schedule.alerts / 10), "polls", agent.poller.start_due_polls)
    made.add_job(schedule.sweep, "sweep", partial(run_sweep, agent), at_once=True)
    for name, collector in find_local_collectors(agent.config).items():
        local = UsbPoller(
            collector, agent.config, agent.clock, agent.batch_writer, agent.poller.printer_reader.profiles
        )
        made.add_job(
            min(getattr(schedule, tier) for tier in collector.TIERS), name, local.poll_all, at_once=True
        )
    made.add_job(schedule.heartbeat, "heartbeat", partial(send_heartbeat, agent), at_once=True)
    made.add_job(RELOAD_INTERVAL * speed, "edited files", partial(reload_files, agent))
    made.add_job(MAINTENANCE_INTERVAL * speed, "outbox maintenance", partial(run_maintenance, agent))
    return made


def build_calendar_jobs(agent: Agent) -> CalendarJobs:
    """Build the jobs at an hour of the site's day, not yet started."""
    made = CalendarJobs(agent.config.site.timezone, agent.supervisor.failures)
    made.add_daily_job(*PRUNE_TIME, "history", partial(prune_history, agent))
    return made


def watch_clock(periodic: PeriodicJobs, agent: Agent, calendar: CalendarJobs) -> None:
    """Add the job that reports a jump of the wall clock, once, and sets the calendar jobs right."""
    detector = ClockJumpDetector()
    detector.detect_jump(agent.clock.now(), agent.clock.monotonic())

    async def check_clock() -> None:
        jump = detector.detect_jump(agent.clock.now(), agent.clock.monotonic())
        if jump is None:
            return
        agent.counts["clock jump"] += 1
        said = describe_jump(jump)
        log.warning("%s", said)
        agent.notices["clock"] = said
        calendar.follow_clock()

    periodic.add_job(CLOCK_INTERVAL * agent.clock.speed, "clock", check_clock)


def describe_jump(jump: float) -> str:
    """Say in a sentence that the clock was set by `jump` seconds."""
    direction, size = "forward" if jump > 0 else "back", format_duration(abs(jump))
    return f"the clock of this machine was set {direction} by {size}; polls go on at their own pace"


async def run_sweep(agent: Agent) -> None:
    """Look for newcomers, but not in quiet hours."""
    quiet = agent.config.schedule.quiet_hours
    if not (quiet and quiet.covers_time(agent.clock.now())):
        await agent.discovery.run_methods(agent.discovery.ways("sweep"), listen=0)


async def run_maintenance(agent: Agent) -> None:
    """Keep the outbox within its bounds; polls come less often while it is full."""
    before = agent.maintenance.requests_answered
    await agent.maintenance.run_round()
    await verify_tickets(agent)
    if answered := agent.maintenance.requests_answered - before:
        agent.counts["request of the provider"] += answered
        if agent.delivery:
            agent.delivery.wake()
    agent.poller.poll_queue.slowdown = agent.maintenance.slowdown


async def verify_tickets(agent: Agent) -> None:
    """Verify the cleared tickets whose repair has lasted."""
    pipeline, now = agent.pipeline, agent.clock.now()
    verified = await agent.store.run(
        lambda tx: verification.verify_cleared(
            tx, pipeline.sender, now, pipeline.find_verification, pipeline.calendar
        )
    )
    if verified and agent.delivery:
        agent.delivery.wake()


async def send_heartbeat(agent: Agent) -> None:
    """Save the agent's health, and queue it for the provider."""
    now = agent.clock.now()
    facts = collect_health(agent)
    ahead = agent.target.clock_offset if agent.target else None

    def save_heartbeat(tx: sqlite3.Connection) -> None:
        counts = shadow_findings.count_findings(tx, now)
        known = replace(facts, shadow_findings={it.rule: (it.standing, it.lately) for it in counts})
        health.save_health(tx, now, asdict(known))
        agent.pipeline.sender.queue_heartbeat(tx, now, known, clock_ahead=ahead)

    await agent.store.run(save_heartbeat)
    if agent.delivery:
        agent.delivery.wake()


def collect_health(agent: Agent) -> Health:
    """Collect the facts of a heartbeat: printers, silent printers, errors."""
    roll, rules = agent.poller.fleet, agent.pipeline.evaluator.rules.in_force
    return Health(
        version=__version__,
        pid=os.getpid(),
        printers=len(roll.devices),
        silent=len(roll.silent),
        left_alone=agent.poller.reboot_guard.suspended_keys,
        counts=collect_counts(agent),
        failing=agent.supervisor.list_failing(),
        notices=list(agent.notices.values()),
        config_complaint=agent.settings.complaint,
        rules_complaint=agent.rules.complaint,
        contracts_complaint=agent.contracts.complaint,
        silences=[asdict(one) for one in agent.pipeline.silences.load_silences(agent.clock.now())],
        rules_hash=rules.hash,
        own_rules={name: rules.versions[name] for name in sorted(rules.own)},
    )


def collect_counts(agent: Agent) -> dict[str, int]:
    """Collect the counts of a heartbeat, with the restarts of each task."""
    restarts = {f"restart of {name}": count for name, count in agent.supervisor.restarts.items()}
    return dict(agent.counts) | restarts


async def prune_history(agent: Agent) -> None:
    """Thin and delete old history, a piece at a time, so that polls are not held up."""
    expiry = await agent.store.run(partial(expiry_clock.move_expiry, wall=agent.clock.now()))
    kept, gone = agent.config.storage, 1
    periods = retention.RetentionPeriods(
        history=kept.keep_history, page_counts=kept.keep_page_counts, meter_reads=kept.keep_meter_reads
    )
    while gone:
        gone = await agent.store.run(partial(retention.prune_rows, now=expiry, periods=periods))
    gone = 1
    while gone:
        gone = await agent.store.run(partial(retention.prune_meter_reads, now=expiry, periods=periods))
    await agent.store.run(partial(forecast_store.delete_old_forecasts, now=expiry, keep=kept.keep_history))


async def take_approvals(agent: Agent) -> None:
    """Take what people decided about tickets from the command line, and tell the provider."""
    found = await asyncio.to_thread(approvals.read_decisions, agent.config.state_folder)
    if not found:
        return

    def save(tx: sqlite3.Connection) -> None:
        for made in filter(None, found.values()):
            approvals.save_decision(tx, made)
        promise_watch.announce_decisions(tx, agent.pipeline.sender, agent.clock.now())

    await agent.store.run(save)
    for file in found:
        file.unlink(missing_ok=True)
    if agent.delivery:
        agent.delivery.wake()


async def reload_files(agent: Agent) -> None:
    """Pick up edited rules, contracts and settings."""
    if rules := agent.rules.reload_changed():
        agent.use_rules(rules)
    silenced = agent.pipeline.silences.take_change()
    edited = agent.contracts.reload_changed()
    in_force = edited is not None and await agent.offer_contracts(edited)
    if in_force or silenced:
        await agent.store.run(
            partial(held_changes.review_holds, now=agent.clock.now(), decide=agent.pipeline.decide_hold)
        )
    if silenced:
        await send_heartbeat(agent)  # the provider is told at once
    await take_approvals(agent)
    if settings := agent.settings.reload_changed():
        agent.use_config(settings)
        await agent.discovery.ask_named_printers()
    await agent.discovery.introduce_trusted()
