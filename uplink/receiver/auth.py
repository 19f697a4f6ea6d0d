"""Who may come in: one-time tokens become agents with keys and credentials; every request is signed.

    token (made here, for one site, ≤ 24 h)  ──POST /v1/enrolment──►  agent: public key, credential
    credential and signature                 ──POST /v1/credential──► the next credential and key

What is kept of tokens and credentials is their SHA-256. The credential and key before the newest stay
good, for an answer of ours may have been lost on its way.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplink.identity import signatures
from uplink.receiver.event_store import Ledger
from uplink.receiver.problems import Problem

Form = TypeVar("Form", bound=BaseModel)
LIFE = 30 * 86400.0  # seconds that a credential is good for
LONGEST_TOKEN = 86400.0


class Enrolment(BaseModel):
    """What a new agent sends."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    token: str = Field(min_length=22, max_length=512)
    site_id: str = Field(min_length=1, max_length=256)
    agent_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    public_key: str = Field(max_length=100)


class Renewal(BaseModel):
    """What an agent sends to renew."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    public_key: str = Field(max_length=100)


@dataclass(frozen=True, slots=True)
class Gate:
    """Knows the agents. `life`: seconds that a credential is good for."""

    ledger: Ledger
    life: float = LIFE

    def issue(self, site_id: str, now: float, life: float = LONGEST_TOKEN) -> str:
        """A token for one enrolment at one site: 192 bits."""
        token = secrets.token_urlsafe(24)
        until = now + min(life, LONGEST_TOKEN)
        values = (_hash(token), site_id, until)
        self.ledger.db.change(
            "INSERT INTO enrolment_token (hash, site_id, expires_at) VALUES (?, ?, ?)", values
        )
        return token

    def enrol(self, body: bytes, now: float) -> dict[str, Any]:
        """Turn a token into a credential. Raises Problem 403."""
        asked = _read(Enrolment, body)
        key = _public(asked.public_key)
        take = (
            "UPDATE enrolment_token SET used_by = ? "
            "WHERE hash = ? AND site_id = ? AND expires_at > ? AND used_by IS NULL"
        )
        with self.ledger.db.transaction():
            known = self._agent(asked.agent_id)
            taken = self.ledger.db.change(take, (asked.agent_id, _hash(asked.token), asked.site_id, now))
            if not (taken or self._lost_our_answer(asked, key, known, now)):
                raise Problem(403, "token-refused", "it is used, too old, or for another site")
            if known and known["site_id"] != asked.site_id:
                raise Problem(403, "token-refused", f"{asked.agent_id} belongs to another site")
            self.ledger.contact(asked.agent_id, asked.site_id, now)
            mark = "UPDATE agent SET enrolled_at = ? WHERE agent_id = ?"
            self.ledger.db.change(mark, (now, asked.agent_id))
            return self._grant(asked.agent_id, [key], now)

    def _lost_our_answer(
        self, asked: Enrolment, key: str, known: Mapping[str, Any] | None, now: float
    ) -> bool:
        """Whether this very agent, with this very key, has used the token already."""
        query = (
            "SELECT 1 FROM enrolment_token WHERE hash = ? AND site_id = ? AND expires_at > ? AND used_by = ?"
        )
        used = self.ledger.db.rows(query, (_hash(asked.token), asked.site_id, now, asked.agent_id))
        return bool(used and known and key in json.loads(known["keys"]))

    def renew(self, headers: Mapping[str, str], body: bytes, now: float) -> dict[str, Any]:
        """A new credential for who signed with a known key."""
        agent = self.admit(headers, body, now, expired_too=True)
        new = _public(_read(Renewal, body).public_key)
        signed_with = [text for text in json.loads(agent["keys"]) if _signed(text, headers, body, now)]
        with self.ledger.db.transaction():
            return self._grant(agent["agent_id"], [new, *signed_with], now)

    def admit(
        self, headers: Mapping[str, str], body: bytes, now: float, *, expired_too: bool = False
    ) -> Mapping[str, Any]:
        """The agent that sent `body`. Raises Problem 401; `unknown-agent` if the credential is nobody's.

        `expired_too`: a renewal may come with a credential that has run out, for the key proves who asks.
        """
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not credential:
            raise Problem(401, "credential-refused", headers={"www-authenticate": "Bearer"})
        mark = _hash(credential.strip())
        query = "SELECT * FROM credential JOIN agent USING (agent_id) WHERE hash = ?"
        found = self.ledger.db.rows(query, (mark,))
        if not found:
            raise Problem(401, "unknown-agent", headers={"www-authenticate": "Bearer"})
        agent = found[0]
        if agent["expires_at"] < now and not expired_too:
            raise Problem(401, "credential-refused", "it has run out", {"www-authenticate": "Bearer"})
        try:
            signatures.verify(
                headers, body, [signatures.public_key(text) for text in json.loads(agent["keys"])], now
            )
        except signatures.Stale as why:
            raise Problem(401, "signature-stale", str(why)) from why
        except signatures.BadSignature as why:
            raise Problem(401, "signature-refused", str(why)) from why
        return agent

    def forget(self, agent_id: str) -> bool:
        """Make an agent unknown: it must enrol again."""
        return self.ledger.db.change("DELETE FROM credential WHERE agent_id = ?", (agent_id,)) > 0

    def _agent(self, agent_id: str) -> Mapping[str, Any] | None:
        found = self.ledger.db.rows("SELECT * FROM agent WHERE agent_id = ?", (agent_id,))
        return found[0] if found else None

    def _grant(self, agent_id: str, keys: list[str], now: float) -> dict[str, Any]:
        credential = secrets.token_urlsafe(32)
        older = """DELETE FROM credential WHERE agent_id = ? AND hash NOT IN (
            SELECT hash FROM credential WHERE agent_id = ? ORDER BY expires_at DESC LIMIT 1)"""
        self.ledger.db.change(older, (agent_id, agent_id))
        new = (_hash(credential), agent_id, now + self.life)
        self.ledger.db.change("INSERT INTO credential VALUES (?, ?, ?)", new)
        self.ledger.db.change(
            "UPDATE agent SET keys = ? WHERE agent_id = ?", (json.dumps(keys[:2]), agent_id)
        )
        return {"agent_id": agent_id, "credential": credential, "expires_in": self.life}


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _public(text: str) -> str:
    try:
        return signatures.public_text(signatures.public_key(text))
    except ValueError as why:
        raise Problem(400, "bad-request", f"public_key: {why}") from why


def _signed(text: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    try:
        signatures.verify(headers, body, [signatures.public_key(text)], now)
    except signatures.BadSignature:
        return False
    return True


def _read(form: type[Form], body: bytes) -> Form:
    try:
        return form.model_validate_json(body)
    except ValidationError as why:
        raise Problem(400, "bad-request", f"{why.error_count()} fields are wrong or missing") from why
