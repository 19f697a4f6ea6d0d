"""mps.agent_health/1: the heartbeat."""

from collections.abc import Sequence

from agent.core.clock import iso
from agent.core.health import Health
from agent.reporting.privacy import place
from agent.tickets.feedback.precision import Precision
from uplink.events import agent_health as wire
from uplink.events.base import Agent
from uplink.outbox.queries import Counts

MOST_RULES = 200


def build_agent_health(
    agent: Agent, health: Health, outbox: Counts, precisions: Sequence[Precision], at: float
) -> wire.AgentHealth:
    """The event that says how the agent is; of a complaint about `config.toml`, only the place."""
    return wire.AgentHealth.model_construct(
        schema_="mps.agent_health/1",
        observed_at=iso(at),
        agent=agent,
        version=health.version,
        pid=health.pid,
        printers=health.printers,
        silent=health.silent,
        counts=dict(health.counts),
        config_complaint=place(health.config_complaint),
        rules_complaint=health.rules_complaint,
        outbox=_build_outbox(outbox),
        rules=[_build_judged(one) for one in precisions[:MOST_RULES]],
    )


def _build_outbox(counts: Counts) -> wire.Outbox:
    return wire.Outbox.model_construct(
        pending={str(int(lane)): n for lane, n in counts.pending.items()},
        dead=sum(counts.dead.values()),
        dropped=dict(counts.dropped),
        withheld=counts.withheld,
    )


def _build_judged(precision: Precision) -> wire.Judged:
    return wire.Judged.model_construct(
        rule_id=precision.rule, n_closed=precision.judged, confirmed=precision.confirmed
    )
