"""The name and the site in which events leave: those that the agent is enrolled with.

enrolled for S-04, configured S-04      S-04
enrolled for S-04, configured S-05      S-04, with a warning: the provider takes events of S-04 alone
not enrolled, configured S-04           S-04
"""

import logging
import sqlite3

from uplink.identity.identity import AgentIdentity, PendingEnrolment
from uplink.outbox import takeover

log = logging.getLogger(__name__)


def find_site_id(configured: str, identity: AgentIdentity | PendingEnrolment | None) -> str:
    """Find the site that the agent speaks for."""
    enrolled = identity.site_id if identity else None
    return configured if enrolled is None else enrolled


def adopt_events(
    tx: sqlite3.Connection, *, configured: str, identity: AgentIdentity | PendingEnrolment | None
) -> int:
    """Let events that wait leave under the present identity; return how many were rewritten.

    An agent that is not enrolled changes nothing: its provider asks for no identity.
    """
    if identity is None:
        return 0
    site_id = find_site_id(configured, identity)
    if site_id != configured:
        log.warning(
            "config.toml names the site %s, but this agent is enrolled for %s: events go out for %s. Correct "
            "[site] id, or enrol with a token for %s",
            configured, site_id, site_id, configured,
        )  # fmt: skip
    enrolled = isinstance(identity, AgentIdentity)
    adopted = takeover.adopt_events(tx, agent_id=identity.agent_id, site_id=site_id, enrolled=enrolled)
    if adopted:
        log.info("%d events of an earlier identity go out as %s", adopted, identity.agent_id)
    return adopted
