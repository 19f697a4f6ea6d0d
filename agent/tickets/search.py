"""Which ticket a person means by a part of its id, or by a printer."""

import sqlite3

from agent.tickets import lifecycle


def find_tickets(db: sqlite3.Connection, words: str) -> list[str]:
    """Find the ids of the tickets that `words` fits: the start or end of an id; more than one may fit.

    If none does: the ticket of the printer with that key or serial number that has been open longest, alone.
    """
    known = [*lifecycle.load_open_tickets(db), *lifecycle.load_cleared_tickets(db, 0.0)]
    asked = words.casefold()
    by_id = {one.id for one in known if one.id.startswith(asked) or one.id.endswith(asked)}
    by_printer = [one.id for one in known if asked in {one.device.casefold(), _bare_key(one.device)}]
    return sorted(by_id) or by_printer[:1]


def _bare_key(key: str) -> str:
    """Return "phbll12345" for the key "sn:PHBLL12345"."""
    return key.partition(":")[2].casefold()
