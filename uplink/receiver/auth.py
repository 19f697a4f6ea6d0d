"""Authentication of agents: a one-time token becomes a key and a credential; every request is signed.

    token (made here, for one site, ≤ 24 h)  ──POST /v1/enrolment──►  agent: public key, credential
    credential and signature                 ──POST /v1/credential──► the next credential and key

Of tokens and credentials only the SHA-256 is kept. The credential and key before the newest stay valid,
because the answer with the newest may have been lost.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplink.identity import signatures
from uplink.receiver.event_store import EventStore
from uplink.receiver.problems import Problem
from uplink.receiver.ticket_store import SiteScope

Form = TypeVar("Form", bound=BaseModel)
CREDENTIAL_LIFETIME = 30 * 86400.0  # seconds that a credential is good for
MAX_TOKEN_LIFETIME = 86400.0


class Enrolment(BaseModel):
    """The body of POST /v1/enrolment."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    token: str = Field(min_length=22, max_length=512)
    site_id: str = Field(min_length=1, max_length=256)
    agent_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    public_key: str = Field(max_length=100)


class Renewal(BaseModel):
    """The body of POST /v1/credential."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    public_key: str = Field(max_length=100)


@dataclass(frozen=True, slots=True)
class AgentAuth:
    """Enrols agents and checks their requests. `lifetime`: seconds that a credential is valid."""

    ledger: EventStore
    lifetime: float = CREDENTIAL_LIFETIME

    def issue_token(
        self, site_id: str, now: float, life: float = MAX_TOKEN_LIFETIME, *, tenant_id: str = ""
    ) -> str:
        """Issue a token for one enrolment at one site: 192 bits."""
        token = secrets.token_urlsafe(24)
        until = now + min(life, MAX_TOKEN_LIFETIME)
        self.ledger.db.execute(
            "INSERT INTO enrolment_token (hash, tenant_id, site_id, expires_at) VALUES (?, ?, ?, ?)",
            (hash_secret(token), tenant_id, site_id, until),
        )
        return token

    def enrol_agent(self, body: bytes, now: float) -> dict[str, Any]:
        """Exchange a token for a credential. Raises Problem 403."""
        asked = _parse_form(Enrolment, body)
        key = _normalize_key(asked.public_key)
        take = (
            "UPDATE enrolment_token SET used_by = ? "
            "WHERE hash = ? AND site_id = ? AND expires_at > ? AND used_by IS NULL"
        )
        with self.ledger.db.transaction():
            known = self._find_agent(asked.agent_id)
            taken = self.ledger.db.execute(
                take, (asked.agent_id, hash_secret(asked.token), asked.site_id, now)
            )
            if not (taken or self._is_repeated_enrolment(asked, key, known, now)):
                raise Problem(403, "token-refused", "it is used, too old, or for another site")
            scope = self._find_token_scope(asked)
            if known and (known["tenant_id"], known["site_id"]) != scope:
                raise Problem(403, "token-refused", f"{asked.agent_id} belongs to another site")
            self.ledger.record_contact(asked.agent_id, scope, now)
            mark = "UPDATE agent SET enrolled_at = ? WHERE agent_id = ?"
            self.ledger.db.execute(mark, (now, asked.agent_id))
            return self._grant_credential(asked.agent_id, [key], now) | {"site_id": scope.site_id}

    def _is_repeated_enrolment(
        self, asked: Enrolment, key: str, known: Mapping[str, Any] | None, now: float
    ) -> bool:
        """Check whether this agent, with this key, has used the token already."""
        query = (
            "SELECT 1 FROM enrolment_token WHERE hash = ? AND site_id = ? AND expires_at > ? AND used_by = ?"
        )
        used = self.ledger.db.fetch_rows(
            query, (hash_secret(asked.token), asked.site_id, now, asked.agent_id)
        )
        return bool(used and known and key in json.loads(known["keys"]))

    def _find_token_scope(self, asked: Enrolment) -> SiteScope:
        query = "SELECT tenant_id, site_id FROM enrolment_token WHERE hash = ?"
        (row,) = self.ledger.db.fetch_rows(query, (hash_secret(asked.token),))
        return SiteScope(row["tenant_id"], row["site_id"])

    def renew_credential(self, headers: Mapping[str, str], body: bytes, now: float) -> dict[str, Any]:
        """Issue the next credential to an agent that signed with a known key."""
        agent = self.authenticate_agent(headers, body, now, expired_too=True)
        new = _normalize_key(_parse_form(Renewal, body).public_key)
        signed_with = [text for text in json.loads(agent["keys"]) if _is_signed_by(text, headers, body, now)]
        with self.ledger.db.transaction():
            granted = self._grant_credential(agent["agent_id"], [new, *signed_with], now)
        return granted | {"site_id": agent["site_id"]}

    def authenticate_agent(
        self, headers: Mapping[str, str], body: bytes, now: float, *, expired_too: bool = False
    ) -> Mapping[str, Any]:
        """Return the agent that sent `body`. Raises Problem 401; `unknown-agent` for an unknown credential.

        `expired_too`: a renewal may come with an expired credential; the key proves the agent.
        """
        agent = self.find_agent(headers, now, expired_too=expired_too)
        key = headers.get("idempotency-key")
        if key is not None and key != headers.get("webhook-id"):
            raise Problem(401, "signature-refused", "webhook-id is not the Idempotency-Key")
        try:
            signatures.verify_body(
                headers, body, [signatures.parse_public_key(text) for text in json.loads(agent["keys"])], now
            )
        except signatures.StaleSignature as why:
            raise Problem(401, "signature-stale", str(why)) from why
        except signatures.BadSignature as why:
            raise Problem(401, "signature-refused", str(why)) from why
        return agent

    def find_agent(
        self, headers: Mapping[str, str], now: float, *, expired_too: bool = False
    ) -> Mapping[str, Any]:
        """Find the agent by its credential alone, before its body is read. Raises Problem 401."""
        credential = read_bearer(headers)
        query = "SELECT * FROM credential JOIN agent USING (agent_id) WHERE hash = ?"
        found = self.ledger.db.fetch_rows(query, (hash_secret(credential),))
        if not found:
            raise Problem(401, "unknown-agent", headers={"www-authenticate": "Bearer"})
        if found[0]["expires_at"] < now and not expired_too:
            raise Problem(401, "credential-refused", "it has run out", {"www-authenticate": "Bearer"})
        return found[0]

    def revoke_agent(self, agent_id: str) -> bool:
        """Delete an agent's credentials: it must enrol again."""
        return self.ledger.db.execute("DELETE FROM credential WHERE agent_id = ?", (agent_id,)) > 0

    def _find_agent(self, agent_id: str) -> Mapping[str, Any] | None:
        found = self.ledger.db.fetch_rows("SELECT * FROM agent WHERE agent_id = ?", (agent_id,))
        return found[0] if found else None

    def _grant_credential(self, agent_id: str, keys: list[str], now: float) -> dict[str, Any]:
        credential = secrets.token_urlsafe(32)
        older = """DELETE FROM credential WHERE agent_id = ? AND hash NOT IN (
            SELECT hash FROM credential WHERE agent_id = ? ORDER BY expires_at DESC LIMIT 1)"""
        self.ledger.db.execute(older, (agent_id, agent_id))
        new = (hash_secret(credential), agent_id, now + self.lifetime)
        self.ledger.db.execute("INSERT INTO credential VALUES (?, ?, ?)", new)
        self.ledger.db.execute(
            "UPDATE agent SET keys = ? WHERE agent_id = ?", (json.dumps(keys[:2]), agent_id)
        )
        return {"agent_id": agent_id, "credential": credential, "expires_in": self.lifetime}


def read_bearer(headers: Mapping[str, str]) -> str:
    """Return the bearer credential of a request. Raises Problem 401."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Problem(401, "credential-refused", headers={"www-authenticate": "Bearer"})
    return credential.strip()


def hash_secret(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _normalize_key(text: str) -> str:
    try:
        return signatures.format_public_key(signatures.parse_public_key(text))
    except ValueError as why:
        raise Problem(400, "bad-request", f"public_key: {why}") from why


def _is_signed_by(text: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    try:
        signatures.verify_body(headers, body, [signatures.parse_public_key(text)], now)
    except signatures.BadSignature:
        return False
    return True


def _parse_form(form: type[Form], body: bytes) -> Form:
    try:
        return form.model_validate_json(body)
    except ValidationError as why:
        raise Problem(400, "bad-request", f"{why.error_count()} fields are wrong or missing") from why
