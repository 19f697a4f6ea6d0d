"""The tickets of the desk: which event opens one, which joins one, and when one is over.

    open, key free        ──► a new ticket; it occupies the key
    open, key occupied    ──► an alias of the ticket that occupies it (receipt: `joined`)
    clear                 ──► the ticket is clear when all its aliases are; the key stays occupied
    verified, cancel      ──► the key is free when all aliases have ended
    the desk's close      ──► the key is free at once

What always holds
- At most one ticket occupies a dedupe key within a site; the database refuses a second one.
- An event changes nothing unless its `ticket_seq` is higher than the last one of its own ticket id.
- A ticket keeps the key it was opened with, and the ids that joined it, to its end.
- A reopened ticket whose key was freed occupies it again; if another holds it by now, it joins that one.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from uplink.receiver.database import Database, DatabaseRow

ACTIVE_STEPS = frozenset({"open", "update", "reopen"})
STARTING_STEPS = frozenset({"open", "reopen"})
FINAL_STEPS = frozenset({"verified", "cancel"})


class SiteScope(NamedTuple):
    """The tenant and the site that rows belong to."""

    tenant_id: str
    site_id: str


def combine_steps(steps: Collection[str], newest: str) -> str:
    """Return the state of a ticket, from the last step of each alias; `newest` came just now."""
    active = [step for step in steps if step in ACTIVE_STEPS]
    if active:
        return newest if newest in ACTIVE_STEPS else active[0]
    if all(step in FINAL_STEPS for step in steps):
        return newest if newest in FINAL_STEPS else "verified"
    return "clear"


@dataclass(frozen=True, slots=True)
class TicketStore:
    """Tickets and their aliases. Every change happens in the caller's transaction."""

    db: Database

    def lock_keys(self, scope: SiteScope, keys: Collection[str]) -> None:
        """Keep other replicas from these dedupe keys until the transaction ends."""
        for key in sorted(set(keys)):
            self.db.wait_for_lock(f"ticket|{scope.tenant_id}|{scope.site_id}|{key}")

    def apply_event(self, scope: SiteScope, agent_id: str, data: Mapping[str, Any]) -> str | None:
        """Apply an mps.ticket/1 event. Return the id of the ticket that it joined; None for its own."""
        alias = self._find_alias(scope, data["ticket_id"])
        if alias is None:
            ticket = self._find_holder(scope, data["dedupe_key"]) or self._insert_ticket(scope, data)
            self._insert_alias(scope, agent_id, data, ticket)
        elif data["ticket_seq"] <= alias["ticket_seq"]:
            return self.find_joined(scope, data["ticket_id"])
        else:
            ticket = self._advance_alias(scope, alias, data)
        self._update_ticket(ticket, data)
        return None if ticket["ticket_id"] == data["ticket_id"] else str(ticket["ticket_id"])

    def find_joined(self, scope: SiteScope, ticket_id: str) -> str | None:
        """Return the id of the ticket that `ticket_id` joined; None if it is a ticket of its own."""
        rows = self.db.fetch_rows(
            "SELECT t.ticket_id FROM ticket_alias a JOIN ticket t ON t.number = a.ticket "
            "WHERE a.ticket_id = ? AND a.site_id = ? AND a.tenant_id = ? AND t.ticket_id <> a.ticket_id",
            (ticket_id, scope.site_id, scope.tenant_id),
        )
        return str(rows[0]["ticket_id"]) if rows else None

    def list_aliases(self, number: int) -> list[str]:
        """List the ids under which agents know a ticket, its own first."""
        rows = self.db.fetch_rows(
            "SELECT a.ticket_id FROM ticket_alias a JOIN ticket t ON t.number = a.ticket "
            "WHERE a.ticket = ? ORDER BY a.ticket_id <> t.ticket_id, a.ticket_id",
            (number,),
        )
        return [row["ticket_id"] for row in rows]

    def close_ticket(self, number: int) -> None:
        """Free the key of a ticket that the desk has closed."""
        self.db.execute("UPDATE ticket SET occupied = 0 WHERE number = ?", (number,))

    def reopen_ticket(self, ticket: DatabaseRow) -> None:
        """Occupy the key again for a ticket that the desk reopened, unless another ticket holds it."""
        scope = SiteScope(ticket["tenant_id"], ticket["site_id"])
        if self._find_holder(scope, ticket["dedupe_key"]) is None and ticket["event"] not in FINAL_STEPS:
            self.db.execute("UPDATE ticket SET occupied = 1 WHERE number = ?", (ticket["number"],))

    def _find_alias(self, scope: SiteScope, ticket_id: str) -> DatabaseRow | None:
        rows = self.db.fetch_rows(
            "SELECT * FROM ticket_alias WHERE ticket_id = ? AND site_id = ? AND tenant_id = ?",
            (ticket_id, scope.site_id, scope.tenant_id),
        )
        return rows[0] if rows else None

    def _find_holder(self, scope: SiteScope, key: str) -> DatabaseRow | None:
        """Find the ticket that occupies a dedupe key."""
        rows = self.db.fetch_rows(
            "SELECT * FROM ticket WHERE tenant_id = ? AND site_id = ? AND dedupe_key = ? AND occupied = 1",
            (*scope, key),
        )
        return rows[0] if rows else None

    def _insert_ticket(self, scope: SiteScope, data: Mapping[str, Any]) -> DatabaseRow:
        occupied = int(data["event"] not in FINAL_STEPS)
        self.db.execute(
            "INSERT INTO ticket (tenant_id, site_id, ticket_id, dedupe_key, occupied, ticket_seq, event, "
            "opened_at, observed_at, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*scope, data["ticket_id"], data["dedupe_key"], occupied, data["ticket_seq"], data["event"],
             data["opened_at"], data["observed_at"], json.dumps(data, ensure_ascii=False)),
        )  # fmt: skip
        (row,) = self.db.fetch_rows(
            "SELECT * FROM ticket WHERE ticket_id = ? AND site_id = ? AND tenant_id = ?",
            (data["ticket_id"], scope.site_id, scope.tenant_id),
        )
        return row

    def _insert_alias(
        self, scope: SiteScope, agent_id: str, data: Mapping[str, Any], ticket: DatabaseRow
    ) -> None:
        self.db.execute(
            "INSERT INTO ticket_alias VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*scope, data["ticket_id"], ticket["number"], agent_id, data["ticket_seq"], data["event"]),
        )

    def _advance_alias(self, scope: SiteScope, alias: DatabaseRow, data: Mapping[str, Any]) -> DatabaseRow:
        """Write a newer step of a known ticket id; return the ticket that it belongs to from now on."""
        (ticket,) = self.db.fetch_rows("SELECT * FROM ticket WHERE number = ?", (alias["ticket"],))
        if data["event"] in STARTING_STEPS and not ticket["occupied"]:
            holder = self._find_holder(scope, ticket["dedupe_key"])
            if holder is None:
                self.db.execute("UPDATE ticket SET occupied = 1 WHERE number = ?", (ticket["number"],))
            ticket = holder or ticket
        self.db.execute(
            "UPDATE ticket_alias SET ticket = ?, ticket_seq = ?, event = ? "
            "WHERE ticket_id = ? AND site_id = ? AND tenant_id = ?",
            (ticket["number"], data["ticket_seq"], data["event"], data["ticket_id"], scope.site_id,
             scope.tenant_id),
        )  # fmt: skip
        return ticket

    def _update_ticket(self, ticket: DatabaseRow, data: Mapping[str, Any]) -> None:
        """Show the newest step, unless it ends one alias while another is still active."""
        rows = self.db.fetch_rows("SELECT event FROM ticket_alias WHERE ticket = ?", (ticket["number"],))
        step = combine_steps([row["event"] for row in rows], data["event"])
        if step in ACTIVE_STEPS and data["event"] not in ACTIVE_STEPS:
            return
        self.db.execute(
            "UPDATE ticket SET ticket_seq = ?, event = ?, observed_at = ?, data = ? WHERE number = ?",
            (data["ticket_seq"], step, data["observed_at"], json.dumps(data, ensure_ascii=False),
             ticket["number"]),
        )  # fmt: skip
        if step in FINAL_STEPS:
            self.close_ticket(ticket["number"])
