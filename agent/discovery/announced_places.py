"""Where the printers of the site answer IPP, as each address announced it last; kept over restarts.

What is announced is a hint: an address that does not answer there is asked at the usual port and paths.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass, field

from agent.core.model import IppPlace

MAX_HOSTS = 5000  # the newest

SCHEMA = ("CREATE TABLE announced_ipp (host TEXT PRIMARY KEY, places TEXT NOT NULL, at REAL NOT NULL)",)


@dataclass(slots=True)
class AnnouncedPlaces:
    """The places by host, in memory and in the state file."""

    _by_host: dict[str, tuple[IppPlace, ...]] = field(default_factory=dict)

    def get_places(self, host: str) -> tuple[IppPlace, ...]:
        """Return where `host` announced that it answers IPP; empty if it announced nothing."""
        return self._by_host.get(host, ())

    def load_places(self, tx: sqlite3.Connection) -> None:
        """Load what was announced before the start."""
        for row in tx.execute("SELECT host, places FROM announced_ipp"):
            self._by_host[row["host"]] = tuple(IppPlace(**place) for place in json.loads(row["places"]))

    def save_places(
        self, tx: sqlite3.Connection, host: str, places: tuple[IppPlace, ...], now: float
    ) -> bool:
        """Save an announcement; return True if it differs from the last one. No places change nothing."""
        if not places or places == self._by_host.get(host):
            return False
        written = json.dumps([asdict(place) for place in places])
        tx.execute("INSERT OR REPLACE INTO announced_ipp VALUES (?, ?, ?)", (host, written, now))
        self._by_host[host] = places
        if len(self._by_host) > MAX_HOSTS:
            self._drop_oldest(tx)
        return True

    def _drop_oldest(self, tx: sqlite3.Connection) -> None:
        gone = tx.execute(
            "DELETE FROM announced_ipp WHERE host IN (SELECT host FROM announced_ipp "
            "ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?) RETURNING host",
            (MAX_HOSTS,),
        ).fetchall()
        for row in gone:
            del self._by_host[row["host"]]
