"""How far each ticket has come to the provider: `tickets`, `status` and `outbox` say it in these words.

waiting: REASON                   in the outbox; the reason if delivery stands still
waiting for others of its group   not in the outbox yet: told together with those of other printers
over before it was sent           nothing of it was ever sent
no room in the outbox             its state is queued again once there is room
refused by the provider: REASON   in the dead letter
cannot be sent: REASON            in the dead letter, for a reason of the agent's own
joined: TICKET                    delivered; the provider had a ticket for this fault already
delivered
"""

import sqlite3

from uplink.outbox import queries

IN_GROUP = "waiting for others of its group"
NEVER_SENT = "over before it was sent"
DELIVERED = str(queries.DeliveryStage.DELIVERED)


def load_delivery_text(db: sqlite3.Connection, ticket_id: str) -> str:
    """Say how far a ticket has come."""
    member = db.execute(
        "SELECT held_event IS NOT NULL AS held, unsent FROM ticket_group_member WHERE ticket = ?",
        (ticket_id,),
    ).fetchone()
    if member is not None and member["held"]:
        return IN_GROUP
    if member is not None and member["unsent"]:
        return NEVER_SENT
    return str(queries.load_delivery(db, ticket_id))


def list_noteworthy(db: sqlite3.Connection, limit: int = 1000) -> list[tuple[str, str]]:
    """List the tickets that are not simply delivered: what waits, was refused, or joined while it is open."""
    subjects = {ticket for ticket, _ in queries.list_undelivered(db, limit)}
    rows = db.execute(
        "SELECT ticket FROM ticket_group_member WHERE held_event IS NOT NULL "
        "UNION SELECT subject FROM outbox_joined JOIN ticket ON ticket.id = subject WHERE cleared_at IS NULL "
        "LIMIT ?",
        (limit,),
    )
    subjects |= {row[0] for row in rows}
    return [(ticket, load_delivery_text(db, ticket)) for ticket in sorted(subjects)[:limit]]
