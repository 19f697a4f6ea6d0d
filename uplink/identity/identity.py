"""The agent's identity: a key made here and a credential of the provider; enrolment and renewal.

    token (once, ≤ 24 h, for one site)        provider
      │  printwarden enroll --token-file FILE     │
      └─► key pair made here ──public key, token──► POST /v1/enrolment ──► agent_id, credential, until
                                                    POST /v1/credential ◄── at 2/3 of its life, signed

- A token left in a file of the state folder does the same without a person: the service enrols with it at its
  first delivery, tries again without an answer, and names the remedy if it is refused (`PendingEnrolment`).
- The private key never leaves the folder, which only its owner may read.
- On Windows key and credential are sealed to the machine (`secret_store`).
- The token is read from a file or from standard input, never from the command line, where every user of
  the machine could see it; its file is removed once it has been used.
- A renewal brings a new key. Until the next renewal both keys sign, so that a provider which has not yet
  learnt the new one, or an agent restored from a backup with the old one, is still believed.
- An agent that the provider does not know (urn:problem-type:mps:unknown-agent) must enrol again. Its agent_id
  and its queue stay.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from uplink.delivery.http_exchange import exchange_request
from uplink.delivery.responses import UNKNOWN_AGENT, HttpAnswer
from uplink.errors import CredentialRefused, DeliveryError, UnknownAgent, Unreachable
from uplink.identity import key_file, secret_store, signatures
from uplink.sanitize import one_line

TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{22,512}")  # base64url of at least 128 bits
RENEW_AFTER = 2 / 3  # of a credential's life
AGENT_ID_PATTERN = re.compile(r"[!-~]{1,256}")
SITE_PATTERN = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,256}")
CREDENTIAL_PATTERN = re.compile(r"[!-~]{1,8192}")  # of a bearer token: visible ASCII (RFC 9110, 5.5)
MAX_LIFE = 10 * 366 * 86400.0  # seconds


class NotEnrolled(Exception):
    """There is no usable identity; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdentity:
    """An enrolled agent. `keys`: the one in use first, then the one before it."""

    folder: Path
    agent_id: str
    credential: str
    issued_at: float
    expires_at: float
    keys: tuple[Ed25519PrivateKey, ...]
    site_id: str | None = None  # that it is enrolled for; None if an older version enrolled it

    @property
    def renewal_due(self) -> float:
        """The time at which the credential is renewed."""
        return self.issued_at + RENEW_AFTER * (self.expires_at - self.issued_at)

    def sign_headers(self, name: str, body: bytes, at: float) -> dict[str, str]:
        """Build the headers that prove that `body` comes from this agent."""
        return {"authorization": f"Bearer {self.credential}"} | signatures.sign_body(
            self.keys, name, at, body
        )


def load_identity(folder: Path) -> AgentIdentity | None:
    """The identity in `folder`; None before enrolment. Raises NotEnrolled if others could read its key."""
    note = folder / "credential.json"
    if not note.exists():
        return None
    files = (folder / "key.pem", folder / "key-before.pem")
    keys = tuple(_parse_key(_read_private(file)) for file in files if file.exists())
    try:
        told = json.loads(_read_private(note)) | {"site_id": _read_site(folder)}
        return _check_identity(AgentIdentity(folder=folder, keys=keys, **told))
    except (ValueError, TypeError) as why:
        raise NotEnrolled(
            f"{note} cannot be used: {why}; delete it and enrol again, the queue goes on"
        ) from why


def read_token(source: str) -> str:
    """The token in the file `source`, or on standard input for "-". Raises NotEnrolled.

    The file may be the INI file that an installer of Windows writes: a line `token=` after a `[section]`.
    """
    try:
        text = (sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")).strip()
    except (OSError, UnicodeDecodeError) as why:
        raise NotEnrolled(f"{source} cannot be read: {why}") from why
    return check_token(text.rpartition("token=")[2] if text.startswith("[") else text, source)


def check_token(text: str, source: str) -> str:
    """A token that looks like one. Raises NotEnrolled, naming its `source`."""
    if not TOKEN_PATTERN.fullmatch(text):
        raise NotEnrolled(
            f"{source} holds no enrolment token (22 or more of A-Z, a-z, 0-9, - and _): ask the provider"
        )
    return text


async def enrol_agent(
    client: httpx.AsyncClient, url: str, folder: Path, *, token_source: str, site_id: str
) -> AgentIdentity:
    """Exchange a token for an identity, kept in `folder`; enrolling again keeps agent_id and key.

    `url`: where events go. Raises NotEnrolled for what a person must mend, DeliveryError otherwise.
    """
    before = load_identity(folder)
    key = before.keys[0] if before else _ensure_key(folder)
    public = signatures.format_public_key(key.public_key())
    agent_id = before.agent_id if before else _derive_agent_id(key)
    asked = {
        "token": read_token(token_source),
        "site_id": site_id,
        "agent_id": agent_id,
        "public_key": public,
    }
    answer = await _post_json(client, urljoin(url, "enrolment"), json.dumps(asked).encode(), {})
    if answer.status in {400, 401, 403, 409, 410, 422}:
        raise NotEnrolled(f"the provider refuses the token: {_format_answer(answer)}; ask it for a new one")
    known = _identity_from_answer(answer, folder, agent_id, (key,), site_id)
    _save_identity(known)
    _delete_token_file(token_source)
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEnrolment:
    """A token that was left in a file, for an agent that is to enrol by itself for `site_id`."""

    folder: Path  # of the identity to come
    token_file: Path
    site_id: str
    on_enrolled: Callable[[AgentIdentity], object] = id  # called after enrolment
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False, compare=False)

    @property
    def agent_id(self) -> str:
        """The name that the agent will have: it comes from its key, which is made first."""
        return _derive_agent_id(_ensure_key(self.folder))

    async def complete_enrolment(self, client: httpx.AsyncClient, url: str) -> AgentIdentity:
        """Enrol, unless an identity exists by now. Raises CredentialRefused if a person must act, and
        another DeliveryError if it is to be tried again."""
        async with self._lock:
            try:
                if known := load_identity(self.folder):
                    return known
                known = await enrol_agent(
                    client, url, self.folder, token_source=str(self.token_file), site_id=self.site_id
                )
            except NotEnrolled as why:
                raise CredentialRefused(
                    f"not enrolled: {why}; `printwarden enroll --token-file FILE` takes another one"
                ) from why
            self.on_enrolled(known)
            return known


def _ensure_key(folder: Path) -> Ed25519PrivateKey:
    """Load or make the key of an agent that is not enrolled yet.

    It is on disk before it is sent: if the answer is lost, the same agent asks again with the same key.
    """
    file = folder / "key.pem"
    if file.exists():
        return _parse_key(_read_private(file))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    _write_private(file, key_file.encode_key(key))
    return key


def _derive_agent_id(key: Ed25519PrivateKey) -> str:
    return "a-" + hashlib.sha256(signatures.format_public_key(key.public_key()).encode()).hexdigest()[:16]


def _delete_token_file(source: str) -> None:
    """A token is good for once: its file goes."""
    if source != "-":
        Path(source).unlink(missing_ok=True)


async def renew_identity(
    client: httpx.AsyncClient, url: str, identity: AgentIdentity, *, now: float | None = None
) -> AgentIdentity:
    """A new credential and a new key, asked for with the ones at hand. `now`: the provider's time, as far as
    it is known. Raises CredentialRefused, UnknownAgent or another DeliveryError."""
    key = Ed25519PrivateKey.generate()
    body = json.dumps({"public_key": signatures.format_public_key(key.public_key())}).encode()
    signed = identity.sign_headers(
        f"renew-{identity.agent_id}-{time.time_ns()}", body, time.time() if now is None else now
    )
    answer = await _post_json(client, urljoin(url, "credential"), body, signed)
    if answer.status in {401, 403, 404, 410}:
        unknown = UNKNOWN_AGENT.encode() in answer.body
        raise (UnknownAgent if unknown else CredentialRefused)(
            f"the credential is not renewed: {_format_answer(answer)}"
        )
    keys = (key, identity.keys[0])
    renewed = _identity_from_answer(answer, identity.folder, identity.agent_id, keys, identity.site_id)
    _save_identity(renewed)
    return renewed


async def _post_json(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> HttpAnswer:
    return await exchange_request(client, "POST", url, body, {"content-type": "application/json", **headers})


def _identity_from_answer(
    answer: HttpAnswer,
    folder: Path,
    agent_id: str,
    keys: tuple[Ed25519PrivateKey, ...],
    site_id: str | None,
) -> AgentIdentity:
    """Read the identity in an answer. Raises Unreachable if it is none, or one that could not be used.

    `site_id`: of an answer that names no site.
    """
    if not 200 <= answer.status < 300:
        raise Unreachable(f"{_format_answer(answer)}, which is no credential")
    try:
        given: dict[str, Any] = json.loads(answer.body)
        now = time.time()
        return _check_identity(
            AgentIdentity(
                folder=folder,
                agent_id=given.get("agent_id", agent_id),
                credential=given["credential"],
                issued_at=now,
                expires_at=now + float(given["expires_in"]),
                keys=keys,
                site_id=given.get("site_id", site_id),
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as why:
        raise Unreachable(f"{_format_answer(answer)}, which is no credential") from why


def _check_identity(identity: AgentIdentity) -> AgentIdentity:
    """Return `identity` if it can be sent and renewed. Raises ValueError."""
    if not (isinstance(identity.agent_id, str) and AGENT_ID_PATTERN.fullmatch(identity.agent_id)):
        raise ValueError("the agent_id has characters that a name must not have")
    if not (isinstance(identity.credential, str) and CREDENTIAL_PATTERN.fullmatch(identity.credential)):
        raise ValueError("the credential cannot be sent in a header")
    if identity.site_id is not None and not (
        isinstance(identity.site_id, str) and SITE_PATTERN.fullmatch(identity.site_id)
    ):
        raise ValueError("the site_id has characters that a name must not have")
    if not 0 < identity.expires_at - identity.issued_at <= MAX_LIFE:
        raise ValueError("the credential's lifetime is not more than 0 and at most 10 years")
    return identity


def _format_answer(answer: HttpAnswer) -> str:
    with contextlib.suppress(ValueError, AttributeError, TypeError, RecursionError):
        problem = json.loads(answer.body)
        words = [str(problem[key]) for key in ("title", "detail") if problem.get(key)]
        return one_line(": ".join(words)) or f"answered {answer.status}"
    return f"answered {answer.status}"


def _save_identity(identity: AgentIdentity) -> None:
    """Write it, so that a crash leaves the old identity or the new one: the note that names both is last.

    The site has a file of its own: versions before it refuse a note with a field that they do not know.
    """
    identity.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if identity.site_id is not None:
        _write_private(identity.folder / "site.json", json.dumps({"site_id": identity.site_id}).encode())
    for name, key in reversed(list(zip(("key.pem", "key-before.pem"), identity.keys, strict=False))):
        _write_private(identity.folder / name, key_file.encode_key(key))
    told = {
        "agent_id": identity.agent_id,
        "credential": identity.credential,
        "issued_at": identity.issued_at,
        "expires_at": identity.expires_at,
    }
    _write_private(identity.folder / "credential.json", json.dumps(told).encode())


def _read_site(folder: Path) -> str | None:
    """Read the site that the agent is enrolled for; None if an older version enrolled it."""
    note = folder / "site.json"
    return json.loads(_read_private(note)).get("site_id") if note.exists() else None


def _write_private(path: Path, content: bytes) -> None:
    """For its owner only, whole or not at all."""
    half_done = path.with_suffix(".part")
    half_done.unlink(missing_ok=True)
    with os.fdopen(os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret_store.seal_secret(content))
        file.flush()
        os.fsync(file.fileno())
    half_done.replace(path)


def _read_private(path: Path) -> bytes:
    """Read a file of which only the owner may read; raises NotEnrolled otherwise."""
    if sys.platform != "win32" and path.stat().st_mode & 0o077:
        raise NotEnrolled(f"others may read {path}: chmod 600 it, and enrol again if they may have")
    try:
        return secret_store.unseal_secret(path.read_bytes())
    except secret_store.UnsealError as why:
        raise NotEnrolled(f"{path} cannot be opened: {why}; enrol again, the queue goes on") from why


def _parse_key(pem: bytes) -> Ed25519PrivateKey:
    try:
        return key_file.decode_key(pem)
    except ValueError as why:
        raise NotEnrolled(f"{why}; enrol again") from why


class RequestSigner:
    """Signs requests with the identity, and renews it when it is due or refused."""

    def __init__(
        self,
        identity: AgentIdentity,
        client: httpx.AsyncClient,
        url: str,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`wall`: this machine's idea of the time."""
        self.identity, self._client, self._url, self._wall = identity, client, url, wall
        self.offset = 0.0  # seconds that the provider's clock is ahead of ours

    async def sign_request(self, name: str, body: bytes) -> Mapping[str, str]:
        """Renews first if it is time; a renewal that fails is tried again with the next request."""
        if self._wall() + self.offset >= self.identity.renewal_due:
            with contextlib.suppress(DeliveryError):
                await self.refresh_credential()
        return self.identity.sign_headers(name, body, self._wall() + self.offset)

    async def refresh_credential(self) -> None:
        """A new credential, or CredentialRefused. An enrolment made meanwhile by a person is taken up."""
        known = load_identity(self.identity.folder)
        if known is not None and known.credential != self.identity.credential:
            if known.agent_id != self.identity.agent_id:
                raise CredentialRefused(
                    f"this agent was enrolled anew, as {known.agent_id}; restart the service: what waits "
                    f"goes out under that name"
                )
            self.identity = known
            return
        self.identity = await renew_identity(
            self._client, self._url, self.identity, now=self._wall() + self.offset
        )
