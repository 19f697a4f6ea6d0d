"""Events that wait when the agent gets another identity: they are its own, and leave under the new one.

    first enrolment                       agent and site of what waits become the enrolled ones
    identity lost, enrolled anew there    the agent becomes the new one
    enrolled for another site             events of the earlier site stay as they are, for its customer is
                                          another one: the provider refuses them, the dead letter shows them

- A batch that is frozen under the earlier identity is thawed: its bytes change, so it gets a new key.
- A dead letter that the provider refused as foreign returns if it is taken over.
- The event keeps its id, its number and its place. If the provider took it under the earlier identity and the
  receipt was lost, it keeps it twice; a ticket is opened once all the same: its `ticket_seq` does not rise.

Every function works in the caller's open transaction and commits nothing.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from uplink.delivery import cloudevents
from uplink.outbox import batches, tables

FOREIGN_PROBLEM = "urn:problem-type:mps:event-foreign"
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxOwner:
    """The identity under which events leave."""

    agent_id: str
    site_id: str


def adopt_events(tx: sqlite3.Connection, *, agent_id: str, site_id: str, enrolled: bool = True) -> int:
    """Take over what waits, and what was refused as foreign, of an earlier identity; return how many.

    `enrolled`: False while the agent has a name but no credential yet.
    """
    owner = OutboxOwner(agent_id=agent_id, site_id=site_id)
    before = load_owner(tx)
    if before == owner:
        return 0
    adopted = _rewrite_events(tx, "outbox_event", owner, keep_site=before is not None)
    if adopted:
        batches.thaw_all(tx)
    returned = _rewrite_events(tx, "outbox_dead", owner, keep_site=before is not None)
    for seq in returned:
        tables.revive_event(tx, seq)
    if enrolled:
        tx.execute("INSERT OR REPLACE INTO outbox_owner VALUES (1, ?, ?)", (agent_id, site_id))
    return len(adopted) + len(returned)


def load_owner(tx: sqlite3.Connection) -> OutboxOwner | None:
    """Load the identity under which events left so far; None before the first enrolment."""
    row = tx.execute("SELECT agent_id, site_id FROM outbox_owner").fetchone()
    return None if row is None else OutboxOwner(agent_id=row["agent_id"], site_id=row["site_id"])


def _rewrite_events(tx: sqlite3.Connection, table: str, owner: OutboxOwner, *, keep_site: bool) -> list[int]:
    """Rewrite the events of `table` that are not in the owner's name; return their numbers."""
    changed: list[int] = []
    for row in _read_rows(tx, table):
        data = rename_sender(row["data"], owner, keep_site=keep_site)
        if data is None or not tables.is_event_intact(row):
            continue
        digest = tables.event_digest((*tuple(row)[:6], data))
        update = f"UPDATE {table} SET data = ?, digest = ? WHERE seq = ?"  # noqa: S608 - constants
        tx.execute(update, (data, digest, row["seq"]))
        what, lane = ("bytes", row["lane"]) if table == "outbox_event" else ("dead bytes", -1)
        tables.add_to_number(tx, what, lane, len(data) - len(row["data"]))
        changed.append(row["seq"])
    return changed


def _read_rows(tx: sqlite3.Connection, table: str) -> Iterator[sqlite3.Row]:
    """Read what waits, or the dead letters that were refused as foreign, a few at a time."""
    foreign = f"AND reason = '{FOREIGN_PROBLEM}'" if table == "outbox_dead" else ""
    query = f"SELECT {tables.EVENT_COLUMNS} FROM {table} WHERE seq > ? {foreign} ORDER BY seq LIMIT ?"  # noqa: S608 - constants
    last = 0
    while rows := tx.execute(query, (last, ROWS_AT_ONCE)).fetchall():
        yield from rows
        last = rows[-1]["seq"]


def rename_sender(payload: bytes, owner: OutboxOwner, *, keep_site: bool) -> bytes | None:
    """Return the payload in the owner's name; None if it is that already, or belongs to another site."""
    try:
        data: dict[str, Any] = json.loads(payload)
        agent = data["agent"]
        site = agent.get("site_id")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # damaged, or not an event of ours
    if keep_site and site not in {None, owner.site_id}:
        return None
    if (agent.get("agent_id"), site) == (owner.agent_id, owner.site_id):
        return None
    return cloudevents.encode_payload(
        data | {"agent": agent | {"agent_id": owner.agent_id, "site_id": owner.site_id}}
    )
