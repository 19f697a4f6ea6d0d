"""Which supplies of a printer are on order: by our open tickets, and by what the desk says of them.

open here                         on order, unless the desk closed it as none of its business
cleared here, at work at the desk on order: the cartridge is on its way, though a level rose for a while
cleared here, and nothing said    not on order
"""

import sqlite3
from collections.abc import Mapping

from agent.core.model import Supply, name_colours

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


_LATEST_ORDERS = """
    SELECT component, max(opened_at) AS at FROM ticket
    WHERE kind = 'ticket' AND device = ? AND impact = 'supply' GROUP BY component
"""
_LAST_CLEARED = """
    SELECT fault, max(cleared_at) AS at FROM ticket
    WHERE kind = 'ticket' AND device = ? AND cleared_at IS NOT NULL AND NOT cancelled GROUP BY fault
"""


def load_order_times(db: sqlite3.Connection, device: str, supplies: tuple[Supply, ...]) -> dict[str, float]:
    """When the latest order of each supply was opened, by the supply's key."""
    found = {row["component"]: row["at"] for row in db.execute(_LATEST_ORDERS, (device,))}
    named = ((it.key, found.get(f"{it.type}:{it.colour}")) for it in supplies if found)
    return {key: at for key, at in named if at is not None}


def load_closing_times(db: sqlite3.Connection, device: str) -> dict[str, float]:
    """When a ticket of each fault was last cleared, by fault."""
    return {row["fault"]: row["at"] for row in db.execute(_LAST_CLEARED, (device,))}


def load_open_orders(
    db: sqlite3.Connection, device: str, supplies: tuple[Supply, ...], renewed: Mapping[str, float]
) -> frozenset[str]:
    """The supplies on order, by the keys that rules have for them: "1.3 toner black".

    `renewed`: when each was last replaced, by its index; an order from before that has been delivered.
    """
    found = {row["subject"] for row in db.execute(_OPEN_ORDERS, (device,))}
    at_work = {row["component"]: row["opened_at"] for row in db.execute(_ORDERS_AT_WORK, (device,))}
    colours = name_colours(supplies)
    for it in supplies if at_work else ():
        opened = at_work.get(f"{it.type}:{colours[it.index]}")
        if opened is not None and opened > renewed.get(it.index, 0.0):
            found.add(it.key)
    return frozenset(found)
