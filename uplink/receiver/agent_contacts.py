"""When each agent called last, and the ticket of one that has fallen silent.

An agent that has not called for half an hour has a ticket of its own, `agent.silent`, until it calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from uplink.events.ticket import build_dedupe_key
from uplink.receiver.database import Database
from uplink.receiver.ticket_store import SiteScope, TicketStore

SILENT_AFTER = 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class AgentContacts:
    """Agents and their last contact."""

    db: Database
    tickets: TicketStore

    def record_contact(self, agent_id: str, scope: SiteScope, now: float) -> None:
        """Note that an agent has called. If that ends a silence, its ticket is cleared."""
        self.db.execute(
            "INSERT INTO agent (agent_id, tenant_id, site_id, last_contact, keys) VALUES (?, ?, ?, ?, '[]') "
            "ON CONFLICT (agent_id) DO UPDATE SET last_contact = excluded.last_contact",
            (agent_id, *scope, now),
        )
        back = "UPDATE agent SET silent = 0 WHERE agent_id = ? AND silent = 1"
        if self.db.execute(back, (agent_id,)):
            (agent,) = self.db.fetch_rows("SELECT * FROM agent WHERE agent_id = ?", (agent_id,))
            self._write_silence_ticket(agent, "clear", 2, now)

    def open_silence_tickets(self, now: float) -> int:
        """Open a ticket for each agent that has fallen silent; return how many."""
        quiet = self.db.fetch_rows(
            "SELECT * FROM agent WHERE silent = 0 AND last_contact < ?", (now - SILENT_AFTER,)
        )
        opened = 0
        for agent in quiet:
            with self.db.transaction():
                mark = (
                    "UPDATE agent SET silent = 1, silences = silences + 1 WHERE agent_id = ? AND silent = 0"
                )
                if self.db.execute(mark, (agent["agent_id"],)):  # not another replica
                    (current,) = self.db.fetch_rows(
                        "SELECT * FROM agent WHERE agent_id = ?", (agent["agent_id"],)
                    )
                    self._write_silence_ticket(current, "open", 1, now)
                    opened += 1
        return opened

    def _write_silence_ticket(self, agent: Mapping[str, Any], event: str, seq: int, now: float) -> None:
        """Open or clear the ticket of a silent agent. A call proves that it is over, so it frees the key."""
        name, site = agent["agent_id"], agent["site_id"]
        since = _format_time(agent["last_contact"])
        scope = SiteScope(agent["tenant_id"], site)
        data = {
            "schema": "mps.ticket/1",
            "event": event,
            "ticket_id": f"silent-{name}-{agent['silences']}",
            "ticket_seq": seq,
            "dedupe_key": build_dedupe_key(site, f"agent:{name}", "agent.silent", ""),
            "kind": "break_fix",
            "observed_at": _format_time(now),
            "opened_at": since,
            "agent": {"agent_id": name, "site_id": site, "version": "unknown"},
            "device": {"device_key": f"agent:{name}"},
            "fault": {"fault_key": "agent.silent", "title": f"No word from {name} since {since}"},
        }
        self.tickets.lock_keys(scope, [str(data["dedupe_key"])])
        self.tickets.apply_event(scope, name, data)
        if event == "clear":
            self.db.execute(
                "UPDATE ticket SET occupied = 0 WHERE ticket_id = ? AND tenant_id = ? AND site_id = ?",
                (data["ticket_id"], *scope),
            )


def _format_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
