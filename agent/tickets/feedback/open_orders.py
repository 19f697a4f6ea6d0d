"""Which supplies of a printer are on order: by our open tickets, and by what the desk says of them.

open here                         on order, unless the desk closed it as none of its business
cleared here, at work at the desk on order: the cartridge is on its way, though a level rose for a while
cleared here, and nothing said    not on order
"""

import sqlite3
from collections.abc import Mapping

from agent.core.model import Supply

_OPEN_ORDERS = """
    SELECT DISTINCT c.subject FROM ticket t JOIN ticket_claim c ON c.ticket = t.id
    LEFT JOIN ticket_feedback f ON f.ticket = t.id
    WHERE t.kind = 'ticket' AND t.device = ? AND t.cleared_at IS NULL AND c.impact = 'supply'
    AND (f.status IS NOT 'closed' OR f.outcome IS NULL OR f.outcome = 'confirmed')
"""
_ORDERS_AT_WORK = """
    SELECT t.component, t.opened_at FROM ticket t JOIN ticket_feedback f ON f.ticket = t.id
    WHERE t.kind = 'ticket' AND t.device = ? AND t.impact = 'supply' AND t.cleared_at IS NOT NULL
    AND f.status IN ('acknowledged', 'assigned', 'on_hold', 'reopened')
"""


def load_open_orders(
    db: sqlite3.Connection, device: str, supplies: tuple[Supply, ...], renewed: Mapping[str, float]
) -> frozenset[str]:
    """The supplies on order, by the keys that rules have for them: "1.3 toner black".

    `renewed`: when each was last replaced, by its index; an order from before that has been delivered.
    """
    found = {row["subject"] for row in db.execute(_OPEN_ORDERS, (device,))}
    at_work = {row["component"]: row["opened_at"] for row in db.execute(_ORDERS_AT_WORK, (device,))}
    for it in supplies if at_work else ():
        opened = at_work.get(f"{it.type}:{it.colour}")
        if opened is not None and opened > renewed.get(it.index, 0.0):
            found.add(it.key)
    return frozenset(found)
