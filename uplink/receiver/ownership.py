"""Ownership: an enrolled agent sends events of itself and of its own site, and of nothing else. Pure.

data.agent.agent_id   its own id, or null: queued before it was enrolled
data.agent.site_id    its own site, or null
source                /sites/SITE or /agents/AGENT, its own
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.receiver.event_store import EnrolledSender
from uplink.receiver.parsing import CloudEvent, ReceivedEvent
from uplink.receiver.problems import PROBLEM_PREFIX


def refuse_foreign(arrivals: Iterable[ReceivedEvent], sender: EnrolledSender) -> Iterator[ReceivedEvent]:
    """Yield the events; those that are not the sender's are refused, each with the reason."""
    for arrival in arrivals:
        foreign = arrival.event and find_foreign_part(arrival.event, sender)
        if not foreign:
            yield arrival
            continue
        detail = f"{foreign} is not that of {sender.agent_id}"
        refused = ItemResult(ItemOutcome.REJECTED, PROBLEM_PREFIX + "event-foreign", detail)
        yield replace(arrival, event=None, refused=refused)


def find_foreign_part(event: CloudEvent, sender: EnrolledSender) -> str | None:
    """Name the part of an event that belongs to another agent or site; None if there is none."""
    agent = event.data["agent"]
    if agent.get("agent_id") not in {None, sender.agent_id}:
        return "agent.agent_id"
    if agent.get("site_id") not in {None, sender.scope.site_id}:
        return "agent.site_id"
    if event.source not in {f"/sites/{sender.scope.site_id}", f"/agents/{sender.agent_id}"}:
        return "source"
    return None
