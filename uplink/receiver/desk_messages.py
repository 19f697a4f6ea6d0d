"""What the desk has for the agents of a site: feedback on tickets, and requests. Agents pull both by number.

- Numbers are given one after the other over all replicas: an agent that has read number 7 will not miss a 6.
- Each alias of a ticket gets feedback under its own id.
- A request goes only to agents that name its kind: others do not know it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from uplink.receiver.database import Database
from uplink.receiver.read_scope import ReadScope, read_page
from uplink.receiver.ticket_store import SiteScope, TicketStore

REQUEST_SCHEMA = "mps.request/1"


@dataclass(frozen=True, slots=True)
class DeskMessages:
    """Messages of the desk, in the table `feedback`."""

    db: Database
    tickets: TicketStore

    def add_feedback(self, ticket_id: str, feedback: Mapping[str, Any], scope: ReadScope | None) -> bool:
        """Store feedback on a ticket; False if there is no such ticket. A close frees the ticket's key.

        Raises ValueError if several sites have a ticket of this id: ids are a site's own.
        """
        condition, values = scope.build_filter() if scope else ("1 = 1", ())
        query = f"SELECT * FROM ticket WHERE ticket_id = ? AND {condition}"  # noqa: S608 - constants
        found = self.db.fetch_rows(query, (ticket_id, *values))
        if not found:
            return False
        if len(found) > 1:
            sites = ", ".join(sorted(row["site_id"] for row in found))
            raise ValueError(f"several sites have a ticket {ticket_id}: {sites}")
        ticket = found[0]
        site = SiteScope(ticket["tenant_id"], ticket["site_id"])
        with self.db.transaction():
            self.tickets.lock_keys(site, [ticket["dedupe_key"]])
            for alias in self.tickets.list_aliases(ticket["number"]):
                words = {**feedback, "ticket_id": alias, "dedupe_key": ticket["dedupe_key"]}
                self._insert_message(site, words)
            if feedback.get("status") == "closed":
                self.tickets.close_ticket(ticket["number"])
            elif feedback.get("status") == "reopened":
                self.tickets.reopen_ticket(ticket)
        return True

    def add_request(self, site: SiteScope, request: Mapping[str, Any]) -> None:
        """Store a request to the agents of a site."""
        with self.db.transaction():
            self._insert_message(site, request)

    def list_entries(
        self, scope: ReadScope | None, after: int, limit: int, *, requests: Collection[str]
    ) -> list[dict[str, Any]]:
        """List messages beyond number `after`, in order; of requests, only the kinds in `requests`."""
        while True:
            rows = read_page(self.db, "feedback", ("number", "data"), scope, after, limit)
            entries = [{"number": row["number"]} | json.loads(row["data"]) for row in rows]
            known = [one for one in entries if _is_known(one, requests)]
            if known or len(rows) < limit:
                return known
            after = rows[-1]["number"]

    def last_number(self, scope: ReadScope | None) -> int:
        """Return the highest number of a message; 0 without any."""
        condition, values = scope.build_filter() if scope else ("1 = 1", ())
        query = f"SELECT COALESCE(MAX(number), 0) AS last FROM feedback WHERE {condition}"  # noqa: S608 - constants
        return int(self.db.fetch_rows(query, values)[0]["last"])

    def _insert_message(self, site: SiteScope, message: Mapping[str, Any]) -> None:
        """Give the next number; other replicas wait for it until the transaction ends."""
        self.db.wait_for_lock("feedback")
        self.db.execute(
            "INSERT INTO feedback (tenant_id, site_id, data) VALUES (?, ?, ?)",
            (*site, json.dumps(message, ensure_ascii=False)),
        )


def _is_known(entry: Mapping[str, Any], requests: Collection[str]) -> bool:
    return entry.get("schema") != REQUEST_SCHEMA or entry.get("request") in requests
