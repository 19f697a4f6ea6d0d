"""Authentication of desks: a credential reads what belongs to its tenant and its sites, and nothing else.

    printwarden receive desk --name dispatch --site S-04 --site S-05     prints a credential
    GET /v1/tickets  Authorization: Bearer …                             tickets of S-04 and S-05

Only the SHA-256 of a credential is kept.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from uplink.receiver.auth import hash_secret, read_bearer
from uplink.receiver.event_store import EventStore
from uplink.receiver.problems import Problem
from uplink.receiver.read_scope import ReadScope


@dataclass(frozen=True, slots=True)
class DeskAuth:
    """Issues credentials to desks and checks them."""

    store: EventStore

    def issue_credential(
        self, name: str, now: float, *, sites: Sequence[str] | None, tenant_id: str = ""
    ) -> str:
        """Issue a credential for these sites of a tenant (None: for all of them)."""
        credential = secrets.token_urlsafe(32)
        mark = hash_secret(credential)
        with self.store.db.transaction():
            self.store.db.execute(
                "INSERT INTO desk (hash, name, tenant_id, every_site, created_at) VALUES (?, ?, ?, ?, ?)",
                (mark, name, tenant_id, int(sites is None), now),
            )
            self.store.db.execute_many(
                "INSERT INTO desk_site (hash, site_id) VALUES (?, ?)",
                [(mark, site) for site in set(sites or ())],
            )
        return credential

    def revoke_credentials(self, name: str, *, tenant_id: str = "") -> bool:
        """Delete the credentials of a tenant's desk; False if it has none."""
        mine = (name, tenant_id)
        with self.store.db.transaction():
            self.store.db.execute(
                "DELETE FROM desk_site "
                "WHERE hash IN (SELECT hash FROM desk WHERE name = ? AND tenant_id = ?)",
                mine,
            )
            return self.store.db.execute("DELETE FROM desk WHERE name = ? AND tenant_id = ?", mine) > 0

    def authenticate_desk(self, headers: Mapping[str, str]) -> ReadScope:
        """Return what the bearer of a credential may read. Raises Problem 401."""
        mark = hash_secret(read_bearer(headers))
        found = self.store.db.fetch_rows("SELECT tenant_id, every_site FROM desk WHERE hash = ?", (mark,))
        if not found:
            raise Problem(401, "credential-refused", headers={"www-authenticate": "Bearer"})
        if found[0]["every_site"]:
            return ReadScope(tenant_id=found[0]["tenant_id"], sites=None)
        rows = self.store.db.fetch_rows(
            "SELECT site_id FROM desk_site WHERE hash = ? ORDER BY site_id", (mark,)
        )
        return ReadScope(tenant_id=found[0]["tenant_id"], sites=tuple(row["site_id"] for row in rows))
