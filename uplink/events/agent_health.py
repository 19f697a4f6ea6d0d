"""mps.agent_health/1: the heartbeat."""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Event, Name, Record, Text, Time


class Outbox(Record):
    """What has not left yet, as it was when this was written."""

    pending: dict[str, Count] = Field(description="Events waiting, by lane.", examples=[{"0": 2, "2": 1400}])
    dead: Count = Field(description="Events in the dead letter.")
    dropped: dict[str, Count] = Field(description="Events dropped by a written rule, by lane and reason.")
    withheld: Count = Field(default=0, description="Tickets whose news found no room yet.")


class Judged(Record):
    """A rule by how the desk closed its tickets: what is confirmed, of what was closed as right or wrong."""

    rule_id: Name
    n_closed: Count
    confirmed: Count


class RuleInForce(Record):
    """A rule of the provider's own, as it is in force at this site."""

    rule_id: Name
    rule_version: Count = Field(description="`version` in the rule; 1 where it gives none.")
    shadow: bool = Field(description="It is evaluated, and opens no tickets.")


class AgentHealth(Event):
    """What the agent knows of itself."""

    schema_: Literal["mps.agent_health/1"] = Field(alias="schema")
    version: Name | None = None
    pid: Count | None = None
    started_at: Time | None = None
    printers: Count | None = Field(default=None, description="Printers known.")
    silent: Count | None = Field(default=None, description="Printers among them that do not answer.")
    counts: dict[str, Count] = Field(
        default_factory=dict, description="What went well and wrong since the start, by name."
    )
    config_complaint: Text | None = Field(
        default=None, description="Why an edited configuration was not taken."
    )
    rules_complaint: Text | None = Field(default=None, description="Why edited rules were not taken.")
    outbox: Outbox | None = None
    own_rules: list[RuleInForce] = Field(
        default_factory=list,
        description="Rules in force that are not as shipped; equal rules have an equal `agent.rules_hash`.",
    )
    rules: list[Judged] = Field(
        default_factory=list, description="Rules whose tickets were closed; shares add up over a fleet."
    )
