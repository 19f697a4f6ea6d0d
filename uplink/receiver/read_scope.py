"""What a reader may see, and how the rows of a table are read page by page within it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from uplink.receiver.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadScope:
    """The rows that a reader may see: one tenant's, of some sites or of all (None)."""

    tenant_id: str
    sites: tuple[str, ...] | None

    def build_filter(self) -> tuple[str, tuple[str, ...]]:
        """Build a condition in SQL and its values."""
        if self.sites is None:
            return "tenant_id = ?", (self.tenant_id,)
        marks = ", ".join("?" * len(self.sites))
        return f"tenant_id = ? AND site_id IN ({marks})", (self.tenant_id, *self.sites)


def read_page(
    db: Database, table: str, columns: Sequence[str], scope: ReadScope | None, after: int, limit: int | None
) -> list[dict[str, Any]]:
    """Read the rows beyond `after` in the order of the first column, a number. No `scope`: all rows."""
    condition, values = scope.build_filter() if scope else ("1 = 1", ())
    names, number = ", ".join(columns), columns[0]
    query = f"SELECT {names} FROM {table} WHERE {condition} AND {number} > ? ORDER BY {number}"  # noqa: S608 - constants
    page: tuple[object, ...] = (*values, after)
    if limit is not None:
        query, page = f"{query} LIMIT ?", (*page, limit)
    return [dict(row) for row in db.fetch_rows(query, page)]
