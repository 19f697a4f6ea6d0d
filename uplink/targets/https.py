"""The provider's endpoint, over HTTPS.

- TLS 1.2 or newer, checked against the system's trust store and, beside it, a CA file of your own.
- Plain http is for loopback only, and only when `insecure_loopback` says so.
- Redirects are never followed: a delivery goes where the configuration says, or nowhere.
- The body is compressed with gzip, unless the capabilities exclude it or a 415 answers it.
- A compressed answer is not accepted, and of an answer at most 1 MiB is read: it cannot exhaust the memory.
- An enrolled agent signs each body (`signatures`). A 401 is answered by one renewal of the credential, or
  by the right time where the receiver says that ours is wrong; a second 401 holds the destination.
- Each answer's Date shows how far the two clocks are apart (`clock_offset`).
- Connecting may take 10 s, each read 30 s, the whole request 60 s.
"""

import contextlib
import gzip
import hashlib
import re
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urljoin

import httpx
import truststore
from pydantic import BaseModel, ConfigDict, Field, model_validator
from uuid6 import uuid7

from uplink.delivery.cloudevents import detect_media_type
from uplink.delivery.http_exchange import exchange_request
from uplink.delivery.responses import HttpAnswer, Receipt, read_receipt
from uplink.delivery.retry import parse_http_date
from uplink.errors import CredentialRefused
from uplink.identity import secret_store
from uplink.identity.identity import AgentIdentity, PendingEnrolment, RequestSigner
from uplink.outbox.outbox import Batch
from uplink.targets._loopback import is_loopback

TIMEOUTS = httpx.Timeout(connect=10, read=30, write=30, pool=10)
STALE_SIGNATURE = b"urn:problem-type:mps:signature-stale"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
GZIP_HEADERS: Mapping[str, str] = MappingProxyType({"content-encoding": "gzip"})
UNSUPPORTED_MEDIA_TYPE = 415  # also of a content coding (RFC 9110, 15.5.16)
TOKEN_PATTERN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")


class Settings(BaseModel):
    """The table `[target.https]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Where events are posted, such as https://mps.example.com/v1/events.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of a private CA, believed beside the system's."
    )
    token_file: Path | None = Field(
        default=None, description="File with the bearer token; read before each request."
    )
    proxy: str | None = Field(
        default=None,
        description="http://host:port of a proxy; the default is HTTPS_PROXY of the environment.",
    )
    insecure_loopback: bool = Field(
        default=False, description="Accept http:// to 127.0.0.0/8 and ::1; for trials."
    )

    @model_validator(mode="after")
    def _check_encryption(self) -> "Settings":
        url = _parse_url(self.url)
        plain = url.scheme == "http" and is_loopback(url.host)
        if plain and not self.insecure_loopback:
            raise ValueError(
                f"url: {self.url} is not encrypted; for a trial on this machine set insecure_loopback"
            )
        if not plain and url.scheme != "https":
            raise ValueError(
                f"url: {self.url} must begin with https://; tickets leave the site encrypted only"
            )
        if url.userinfo:
            raise ValueError("url: put the secret into token_file, not into the address")
        return self


class HttpsTarget:
    """Sends batches to one endpoint. Keeps its connection open between them."""

    def __init__(
        self,
        settings: Settings,
        identity: AgentIdentity | PendingEnrolment | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Raises OSError (also ssl.SSLError) if the CA file cannot be read or holds no certificate."""
        self._wall = wall
        self._settings = settings
        self._client = build_client(settings)
        self._invitation = identity if isinstance(identity, PendingEnrolment) else None
        self._bearer = self._build_signer(identity) if isinstance(identity, AgentIdentity) else None
        self._plain = False  # the receiver refused a body for its compression
        self.clock_offset: float | None = None  # seconds that our clock is ahead of the receiver's

    @property
    def name(self) -> str:
        return self._settings.url

    async def send(self, batch: Batch) -> Receipt:
        """POST `batch`, and read the receipt. A refused credential is renewed once."""
        answer = await self._post_batch(batch)
        if answer.status == 401 and self._bearer is not None:
            with contextlib.suppress(CredentialRefused):  # the second answer says what is wrong
                await self._recover_from_refusal(self._bearer, answer)
            answer = await self._post_batch(batch)
        return read_receipt(answer, batch.ids, self._wall())

    async def _recover_from_refusal(self, bearer: RequestSigner, answer: HttpAnswer) -> None:
        """Recover from a 401: sign with the receiver's time if ours is wrong, else renew the credential."""
        if STALE_SIGNATURE in answer.body:
            bearer.offset = -(self.clock_offset or 0.0)
        else:
            await bearer.refresh_credential()

    async def get(self, what: str, query: Mapping[str, str]) -> HttpAnswer:
        """GET `what`, which lies beside where events go. A refused credential is renewed once."""
        url = str(_parse_url(urljoin(self._settings.url, what)).copy_merge_params(dict(query)))
        answer = await self._send_request("GET", url, key=f"get-{uuid7()}")
        if answer.status == 401 and self._bearer is not None:
            with contextlib.suppress(CredentialRefused):  # the second answer says what is wrong
                await self._recover_from_refusal(self._bearer, answer)
            answer = await self._send_request("GET", url, key=f"get-{uuid7()}")
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _post_batch(self, batch: Batch) -> HttpAnswer:
        """POST `batch`, compressed if the receiver takes that. After a 415 it goes again without."""
        compressed = batch.gzip and not self._plain
        answer = await self._post_body(batch, compressed=compressed)
        if compressed and answer.status == UNSUPPORTED_MEDIA_TYPE:
            answer = await self._post_body(batch, compressed=False)
            self._plain = answer.status != UNSUPPORTED_MEDIA_TYPE
        return answer

    async def _post_body(self, batch: Batch, *, compressed: bool) -> HttpAnswer:
        headers = {"content-type": detect_media_type(batch.body), "idempotency-key": batch.key}
        headers |= build_traceparent(batch.key, batch.tries)
        return await self._send_request(
            "POST", self._settings.url, key=batch.key, body=batch.body, headers=headers, compressed=compressed
        )

    async def _send_request(
        self,
        method: str,
        url: str,
        *,
        key: str,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
        compressed: bool = False,
    ) -> HttpAnswer:
        """One request, signed under the name `key`, and its answer read to the end."""
        if self._bearer is None and self._invitation is not None:
            self._bearer = self._build_signer(
                await self._invitation.complete_enrolment(self._client, self._settings.url)
            )
        bearer = self._bearer
        proof = await bearer.sign_request(key, body) if bearer else self._token_header()
        content, sent = body or None, {**headers, **proof}
        if compressed:
            content, sent = gzip.compress(body, compresslevel=6, mtime=0), {**sent, **GZIP_HEADERS}
        answer = await exchange_request(self._client, method, url, content, sent)
        if (theirs := parse_http_date(answer.headers.get("date", ""))) is not None:
            self.clock_offset = self._wall() - theirs
        return answer

    def _build_signer(self, identity: AgentIdentity) -> RequestSigner:
        return RequestSigner(identity, self._client, self._settings.url, self._wall)

    def _token_header(self) -> Mapping[str, str]:
        if self._settings.token_file is None:
            return {}
        try:
            token = secret_store.unseal_secret(self._settings.token_file.read_bytes()).strip()
        except (OSError, secret_store.UnsealError) as why:
            said = getattr(why, "strerror", None) or why
            raise CredentialRefused(f"{self._settings.token_file} cannot be read: {said}") from why
        if not TOKEN_PATTERN.fullmatch(token):
            raise CredentialRefused(f"{self._settings.token_file} holds no bearer token (RFC 6750, 2.1)")
        return {"authorization": f"Bearer {token.decode()}"}


def connect(
    settings: Settings,
    identity: AgentIdentity | PendingEnrolment | None = None,
    wall: Callable[[], float] = time.time,
) -> HttpsTarget:
    """The target that `settings` describe. Opens no connection yet. `identity`: of an enrolled agent, or the
    invitation of one that is to enrol first; `wall`: this machine's idea of the time."""
    return HttpsTarget(settings, identity, wall)


def build_client(settings: Settings) -> httpx.AsyncClient:
    """Build a client for `settings.url`, with its proxy and trust store.

    Raises ValueError for a proxy that cannot be used, also one of the environment.
    """
    trust = build_trust(settings.ca_file)
    try:
        return httpx.AsyncClient(
            verify=trust,
            timeout=TIMEOUTS,
            proxy=settings.proxy,
            trust_env=not is_loopback(_parse_url(settings.url).host),
            headers={
                "user-agent": "printwarden", "accept": "application/json", "accept-encoding": "identity",
            },
        )  # fmt: skip
    except (httpx.InvalidURL, ValueError, ImportError):  # what is wrong may repeat a password
        raise ValueError("the proxy is no http:// or https:// address") from None


def build_traceparent(key: str, tries: int) -> dict[str, str]:
    """One trace for a batch, one span for an attempt (W3C Trace Context, 3.2)."""
    trace, span = (hashlib.sha256(text.encode()).hexdigest() for text in (key, f"{key}:{tries}"))
    return {"traceparent": f"00-{trace[:32]}-{span[:16]}-01"}


def build_trust(ca_file: Path | None) -> ssl.SSLContext:
    """Build the TLS context: the system's trust store and `ca_file`, TLS 1.2 or newer (RFC 9325, 3.1.1)."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _parse_url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as why:
        raise ValueError(f"url: {text!r} is not an address: {why}") from why
