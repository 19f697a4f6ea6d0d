"""Objects that ride in every request to a printer and prove which printer answered. Pure.

    GET      [names …, companions …]
    GETBULK  non-repeaters: the companions; then the columns of the table     RFC 3416, 4.2.3
    GETNEXT  [companions …, columns …]

GETBULK and GETNEXT return the object after the one that is named, so companions are named by the OID just
before theirs. They cost octets and no packet.
"""

from collections.abc import Sequence
from functools import lru_cache

from agent.snmp.oid import decode_arcs, encode_arcs
from agent.snmp.reader import VarBind


@lru_cache(maxsize=1024)
def name_before(name: bytes) -> bytes:
    """Return an OID whose successor is `name`: its last arc less one, or without a last arc of 0."""
    *front, last = decode_arcs(name)
    return encode_arcs(*front, last - 1) if last else encode_arcs(*front)


def skip_companions(
    varbinds: Sequence[VarBind], count: int, columns: int, last: bytes
) -> list[VarBind] | None:
    """Return the rows of a reply behind `count` companions; None if the agent repeats non-repeaters.

    Such an agent continues with the successor of the first companion, which lies before `last`, the name that
    was sent for the first column.
    """
    rows = list(varbinds[count:])
    if not rows:
        return None
    repeated = len(rows) > columns and decode_arcs(rows[columns][0]) < decode_arcs(last)
    return None if repeated else rows
