"""Builds mps.agent_health/1 events, the heartbeats."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.core.clock import format_iso_time
from agent.core.health import Health
from agent.reporting.privacy import complaint_place
from agent.rules.rules_in_force import NO_RULES, RulesInForce
from agent.tickets.feedback.precision import RulePrecision
from uplink.events import agent_health as wire
from uplink.events.base import Agent
from uplink.outbox.queries import OutboxCounts

MAX_RULES = 200


def build_agent_health(
    agent: Agent,
    health: Health,
    outbox: OutboxCounts,
    precisions: Sequence[RulePrecision],
    at: float,
    in_force: RulesInForce = NO_RULES,
) -> wire.AgentHealth:
    """Build a heartbeat. Of an error in `config.toml` only the place is sent, not the text."""
    built = wire.AgentHealth.model_construct(
        schema_="mps.agent_health/1",
        observed_at=format_iso_time(at),
        agent=agent,
        version=health.version,
        pid=health.pid,
        printers=health.printers,
        silent=health.silent,
        counts=dict(health.counts),
        config_complaint=complaint_place(health.config_complaint),
        rules_complaint=health.rules_complaint or None,
        outbox=_build_outbox(outbox),
        rules=[_build_judged(one) for one in precisions[:MAX_RULES]],
    )
    if health.silences:
        built = built.model_copy(update={"silences": [_build_silence(one) for one in health.silences]})
    if health.shadow_findings:
        found = sorted(health.shadow_findings.items())[:MAX_RULES]
        built = built.model_copy(update={"shadow_findings": [_build_shadow(*one) for one in found]})
    if health.contracts_complaint:
        built = built.model_copy(update={"contracts_complaint": health.contracts_complaint})
    if not in_force.hash:
        return built
    own = sorted(in_force.own.items())[:MAX_RULES]
    rules = [_build_own(name, in_force.versions[name], shadow) for name, shadow in own]
    return built.model_copy(update={"own_rules": rules})


def _build_outbox(counts: OutboxCounts) -> wire.Outbox:
    return wire.Outbox.model_construct(
        pending={str(int(lane)): n for lane, n in counts.pending.items()},
        dead=sum(counts.dead.values()),
        dropped=dict(counts.dropped),
        withheld=counts.withheld,
    )


def _build_own(rule: str, version: int, shadow: bool) -> wire.RuleInForce:
    return wire.RuleInForce.model_construct(rule_id=rule, rule_version=version, shadow=shadow)


def _build_shadow(rule: str, found: tuple[int, int]) -> wire.ShadowCounts:
    standing, lately = found
    return wire.ShadowCounts.model_construct(rule_id=rule, standing=standing, last_30_days=lately)


def _build_judged(precision: RulePrecision) -> wire.Judged:
    return wire.Judged.model_construct(
        rule_id=precision.rule, n_closed=precision.judged, confirmed=precision.confirmed
    )


def _build_silence(silence: Mapping[str, Any]) -> wire.Silence:
    times = {name: format_iso_time(silence[name]) for name in ("begins", "ends")}
    return wire.Silence.model_construct(**{**silence, **times})
