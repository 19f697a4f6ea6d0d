"""mps.agent_health/1: the heartbeat."""

from typing import Literal

from pydantic import Field

from uplink.events.base import SCHEMA_NAME, Count, Event, Name, Record, Text, Time


class Outbox(Record):
    """What has not left yet, as it was when this was written."""

    pending: dict[str, Count] = Field(
        description="Events waiting, by lane. 0: tickets and meter reads. 1: heartbeats and inventories. "
        "2: supply hints. 3: diagnostics.",
        examples=[{"0": 2, "2": 1400}],
    )
    dead: Count = Field(description="Events in the dead letter.")
    dropped: dict[str, Count] = Field(
        description="Events dropped by a written rule since the start of the state, by lane and reason.",
        examples=[{"heartbeat.superseded": 12}],
    )
    withheld: Count = Field(default=0, description="Tickets with an event that found no room yet.")


class Judged(Record):
    """A rule by how the desk closed its tickets: what is confirmed, of what was closed as right or wrong."""

    rule_id: Name = Field(description="The rule.")
    n_closed: Count = Field(description="Its tickets that were closed as right or wrong.")
    confirmed: Count = Field(description="Those of them that were closed as confirmed.")


class RuleInForce(Record):
    """A rule of the provider's own, as it is in force at this site."""

    rule_id: Name = Field(description="The rule.")
    rule_version: Count = Field(description="`version` in the rule; 1 where it gives none.")
    shadow: bool = Field(description="It is evaluated, and opens no tickets.")


class ShadowCounts(Record):
    """What a rule in shadow would have said at this site: findings that opened no ticket."""

    rule_id: Name = Field(description="The rule.")
    standing: Count = Field(description="Its findings that stand now.")
    last_30_days: Count = Field(description="Its findings that opened in the last 30 days.")


class Silence(Record):
    """Tickets that a person keeps back: what still holds at the end opens then."""

    target: Text = Field(description='Key of a printer, a network, "site"; "network": which is not told.')
    begins: Time = Field(description="From when.")
    ends: Time = Field(description="Until when.")
    reason: Text = Field(description="Why, in that person's words.")
    by: Text = Field(description="Who: a name or a reference.")
    also_critical: bool = Field(description="Whether printers that are down are kept back, too.")


class AgentHealth(Event):
    """What the agent knows of itself."""

    schema_: Literal["mps.agent_health/1"] = Field(alias="schema", description=SCHEMA_NAME)
    version: Name | None = Field(default=None, description="Of Printwarden.")
    pid: Count | None = Field(default=None, description="Its process id: another one after a restart.")
    printers: Count | None = Field(default=None, description="Printers known.")
    silent: Count | None = Field(default=None, description="Printers among them that do not answer.")
    counts: dict[str, Count] = Field(
        default_factory=dict,
        description="Work and errors since the start of the process, by name; docs/provider.md lists them.",
    )
    config_complaint: Text | None = Field(
        default=None, description="Where an edited configuration has a mistake; null: none."
    )
    rules_complaint: Text | None = Field(
        default=None, description="Why edited rules were not taken; null: no mistake."
    )
    contracts_complaint: Text | None = Field(
        default=None, description="Why edited contracts or assets were not taken; null: no mistake."
    )
    shadow_findings: list[ShadowCounts] = Field(
        default_factory=list, description="Rules in shadow that found something in the last 30 days."
    )
    silences: list[Silence] = Field(
        default_factory=list, description="Silences that are not over, also those that begin later."
    )
    outbox: Outbox | None = Field(default=None, description="What has not left yet.")
    own_rules: list[RuleInForce] = Field(
        default_factory=list,
        description="Rules in force that are not as shipped; equal rules have an equal `agent.rules_hash`.",
    )
    rules: list[Judged] = Field(
        default_factory=list, description="Rules whose tickets were closed; shares add up over a fleet."
    )
