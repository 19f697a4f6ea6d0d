"""What the receiver needs of a database: `sqlite` and `postgres` have it, `connections` opens one of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

DatabaseRow = Mapping[str, Any]


class DatabaseBusy(Exception):
    """Another replica is at work on the same thing; asking again soon will do."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached now."""


class Database(Protocol):
    """What the stores need. Used from one thread. Every method may raise DatabaseUnavailable."""

    def fetch_rows(self, query: str, values: Sequence[object] = ()) -> list[DatabaseRow]:
        """Return the rows of `query`."""
        ...

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run `statement` and return how many rows it changed."""
        ...

    def execute_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        """Run `statement` for each of `many`."""
        ...

    def transaction(self) -> Any:
        """Run a block as a whole or not at all. Raises DatabaseBusy where two replicas collide."""
        ...

    def claim_lock(self, name: str) -> None:
        """Within a transaction: lock `name`. Raises DatabaseBusy if another holds it."""
        ...

    def wait_for_lock(self, name: str) -> None:
        """Within a transaction: lock `name`, waiting for others to finish."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
