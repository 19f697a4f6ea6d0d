"""Who this agent is: a key made here, a credential given by the provider, and how both are renewed.

    token (once, ≤ 24 h, for one site)        provider
      │  printwarden enroll --token-file FILE     │
      └─► key pair made here ──public key, token──► POST /v1/enrolment ──► agent_id, credential, until
                                                    POST /v1/credential ◄── at 2/3 of its life, signed

- A token left in a file of the state folder does the same without a person: the service enrols with it at its
  first delivery, tries again while nobody answers, and says what to do where it is refused (`Invitation`).
- The private key never leaves the folder, which only its owner may read.
- On Windows key and credential are sealed to the machine (`sealing`).
- The token is read from a file or from standard input, never from the command line, where every user of
  the machine could see it; its file is removed once it has been used.
- A renewal brings a new key. Until the next renewal both keys sign, so that a provider which has not yet
  learnt the new one, or an agent restored from a backup with the old one, is still believed.
- Whoever is "unknown" to the provider (urn:problem-type:mps:unknown-agent) must enrol again. The agent_id
  stays, and what is queued goes on as it was.
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

from uplink.delivery.responses import UNKNOWN_AGENT
from uplink.errors import CredentialRefused, DeliveryError, UnknownAgent, Unreachable
from uplink.identity import key_file, secret_store, signatures

TOKEN = re.compile(r"[A-Za-z0-9_-]{22,512}")  # base64url of at least 128 bits
RENEW_AFTER = 2 / 3  # of a credential's life


class NotEnrolled(Exception):
    """There is no identity, or it cannot be used; the sentence says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An enrolled agent. `keys`: the one in use first, then the one before it."""

    folder: Path
    agent_id: str
    credential: str
    issued_at: float
    expires_at: float
    keys: tuple[Ed25519PrivateKey, ...]

    @property
    def due(self) -> float:
        """When the credential is to be renewed."""
        return self.issued_at + RENEW_AFTER * (self.expires_at - self.issued_at)

    def headers(self, name: str, body: bytes, at: float) -> dict[str, str]:
        """What proves that `body` comes from this agent."""
        return {"authorization": f"Bearer {self.credential}"} | signatures.sign(self.keys, name, at, body)


def load(folder: Path) -> Identity | None:
    """The identity in `folder`; None before enrolment. Raises NotEnrolled if others could read its key."""
    note = folder / "credential.json"
    if not note.exists():
        return None
    told = json.loads(_private(note))
    files = (folder / "key.pem", folder / "key-before.pem")
    keys = tuple(_key(_private(file)) for file in files if file.exists())
    return Identity(folder=folder, keys=keys, **told)


def token(source: str) -> str:
    """The token in the file `source`, or on standard input for "-". Raises NotEnrolled.

    The file may be the INI file that an installer of Windows writes: a line `token=` after a `[section]`.
    """
    try:
        text = (sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")).strip()
    except (OSError, UnicodeDecodeError) as why:
        raise NotEnrolled(f"{source} cannot be read: {why}") from why
    return checked(text.rpartition("token=")[2] if text.startswith("[") else text, source)


def checked(text: str, source: str) -> str:
    """A token that looks like one. Raises NotEnrolled, naming its `source`."""
    if not TOKEN.fullmatch(text):
        raise NotEnrolled(
            f"{source} holds no enrolment token (22 or more of A-Z, a-z, 0-9, - and _): ask the provider"
        )
    return text


async def enrol(
    client: httpx.AsyncClient, url: str, folder: Path, *, token_source: str, site_id: str
) -> Identity:
    """Exchange a token for an identity, kept in `folder`; enrolling again keeps agent_id and key.

    `url`: where events go. Raises NotEnrolled for what a person must mend, DeliveryError otherwise.
    """
    before = load(folder)
    key = before.keys[0] if before else _own_key(folder)
    public = signatures.public_text(key.public_key())
    agent_id = before.agent_id if before else _name(key)
    asked = {"token": token(token_source), "site_id": site_id, "agent_id": agent_id, "public_key": public}
    answer = await _post(client, urljoin(url, "enrolment"), json.dumps(asked).encode(), {})
    if answer.status_code in {400, 401, 403, 409, 410, 422}:
        raise NotEnrolled(f"the provider refuses the token: {_said(answer)}; ask it for a new one")
    known = _granted(answer, folder, agent_id, (key,))
    _keep(known)
    _used_up(token_source)
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A token that was left in a file, for an agent that is to enrol by itself."""

    folder: Path  # of the identity to come
    token_file: Path
    site_id: str
    accepted: Callable[[Identity], object] = id  # is told
    _one: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False, compare=False)

    @property
    def agent_id(self) -> str:
        """The name that the agent will have: it comes from its key, which is made first."""
        return _name(_own_key(self.folder))

    async def accept(self, client: httpx.AsyncClient, url: str) -> Identity:
        """Enrol, unless somebody has done so meanwhile. Raises CredentialRefused if a person must act, and
        another DeliveryError if it is to be tried again."""
        async with self._one:
            try:
                if known := load(self.folder):
                    return known
                known = await enrol(
                    client, url, self.folder, token_source=str(self.token_file), site_id=self.site_id
                )
            except NotEnrolled as why:
                raise CredentialRefused(
                    f"not enrolled: {why}; `printwarden enroll --token-file FILE` takes another one"
                ) from why
            self.accepted(known)
            return known


def _own_key(folder: Path) -> Ed25519PrivateKey:
    """The key of an agent that is not enrolled yet. It is kept before it is told to anybody: should the
    answer be lost, the same agent asks again with the same key."""
    file = folder / "key.pem"
    if file.exists():
        return _key(_private(file))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    _write(file, key_file.pem(key))
    return key


def _name(key: Ed25519PrivateKey) -> str:
    return "a-" + hashlib.sha256(signatures.public_text(key.public_key()).encode()).hexdigest()[:16]


def _used_up(source: str) -> None:
    """A token is good for once: its file goes."""
    if source != "-":
        Path(source).unlink(missing_ok=True)


async def renew(
    client: httpx.AsyncClient, url: str, identity: Identity, *, now: float | None = None
) -> Identity:
    """A new credential and a new key, asked for with the ones at hand. `now`: the provider's time, as far as
    it is known. Raises CredentialRefused, UnknownAgent or another DeliveryError."""
    key = Ed25519PrivateKey.generate()
    body = json.dumps({"public_key": signatures.public_text(key.public_key())}).encode()
    signed = identity.headers(
        f"renew-{identity.agent_id}-{time.time_ns()}", body, time.time() if now is None else now
    )
    answer = await _post(client, urljoin(url, "credential"), body, signed)
    if answer.status_code in {401, 403, 404, 410}:
        unknown = UNKNOWN_AGENT in answer.text
        raise (UnknownAgent if unknown else CredentialRefused)(
            f"the credential is not renewed: {_said(answer)}"
        )
    renewed = _granted(answer, identity.folder, identity.agent_id, (key, identity.keys[0]))
    _keep(renewed)
    return renewed


async def _post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> httpx.Response:
    try:
        return await client.post(
            url, content=body, headers={"content-type": "application/json"} | dict(headers)
        )
    except httpx.HTTPError as why:
        raise Unreachable(f"{type(why).__name__}: {why}") from why


def _granted(
    answer: httpx.Response, folder: Path, agent_id: str, keys: tuple[Ed25519PrivateKey, ...]
) -> Identity:
    try:
        told: dict[str, Any] = answer.raise_for_status().json()
        now = time.time()
        return Identity(
            folder=folder,
            agent_id=str(told.get("agent_id", agent_id)),
            credential=str(told["credential"]),
            issued_at=now,
            expires_at=now + float(told["expires_in"]),
            keys=keys,
        )
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError, AttributeError) as why:
        raise Unreachable(f"{_said(answer)}, which is no credential") from why


def _said(answer: httpx.Response) -> str:
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        told = answer.json()
        return ": ".join(str(told[key]) for key in ("title", "detail") if told.get(key))
    return f"answered {answer.status_code}"


def _keep(identity: Identity) -> None:
    """Write it, so that a crash leaves the old identity or the new one: the note that names both is last."""
    identity.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, key in reversed(list(zip(("key.pem", "key-before.pem"), identity.keys, strict=False))):
        _write(identity.folder / name, key_file.pem(key))
    told = {
        "agent_id": identity.agent_id,
        "credential": identity.credential,
        "issued_at": identity.issued_at,
        "expires_at": identity.expires_at,
    }
    _write(identity.folder / "credential.json", json.dumps(told).encode())


def _write(path: Path, content: bytes) -> None:
    """For its owner only, whole or not at all."""
    half_done = path.with_suffix(".part")
    half_done.unlink(missing_ok=True)
    with os.fdopen(os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret_store.closed(content))
        file.flush()
        os.fsync(file.fileno())
    half_done.replace(path)


def _private(path: Path) -> bytes:
    """A file that nobody but its owner may read."""
    if sys.platform != "win32" and path.stat().st_mode & 0o077:
        raise NotEnrolled(f"others may read {path}: chmod 600 it, and enrol again if they may have")
    try:
        return secret_store.opened(path.read_bytes())
    except secret_store.Sealed as why:
        raise NotEnrolled(f"{path} cannot be opened: {why}; enrol again, the queue goes on") from why


def _key(pem: bytes) -> Ed25519PrivateKey:
    try:
        return key_file.key(pem)
    except ValueError as why:
        raise NotEnrolled(f"{why}; enrol again") from why


class Bearer:
    """The identity at work: what it adds to a request, and what it does when it is refused."""

    def __init__(
        self, identity: Identity, client: httpx.AsyncClient, url: str, wall: Callable[[], float] = time.time
    ) -> None:
        """`wall`: this machine's idea of the time."""
        self.identity, self._client, self._url, self._wall = identity, client, url, wall
        self.offset = 0.0  # seconds that the provider's clock is ahead of ours

    async def headers(self, name: str, body: bytes) -> Mapping[str, str]:
        """Renews first if it is time; a renewal that fails is tried again with the next request."""
        if self._wall() + self.offset >= self.identity.due:
            with contextlib.suppress(DeliveryError):
                await self.refresh()
        return self.identity.headers(name, body, self._wall() + self.offset)

    async def refresh(self) -> None:
        """A new credential, or CredentialRefused. An enrolment made meanwhile by a person is taken up."""
        known = load(self.identity.folder)
        if known is not None and known.credential != self.identity.credential:
            self.identity = known
            return
        self.identity = await renew(self._client, self._url, self.identity, now=self._wall() + self.offset)
