"""Reads a printer through IPP (RFC 8010, RFC 8011), on equal terms with SNMP: one request, one reply.

    Get-Printer-Attributes, the exact list of attributes
      where the printer announced it (port, path, TLS or not), else at port 631, with TLS and without:
      /ipp/print, then /ipp, /, /ipp/printer ... until one is a printer's
      version 2.0, then 1.1 .................... where a printer does not know 2.0

    404, 405, "not found" ........ the next path
    "version not supported" ...... the next version
    401 .......................... WrongCredential
    426 .......................... RefusedByDevice: it wants TLS
    any other refusal ............ RefusedByDevice, with the name of the status code
    nothing in time .............. NoAnswer
    not IPP, or no printer in it . MalformedReply

Printers sign their certificates themselves, so no authority vouches for them. A certificate is recognised by
its fingerprint instead: the caller stores it and passes it in again, and a change is noted in `problems`.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from agent.collectors._ipp import attribute_mapping, certificate_dates
from agent.collectors._ipp.codec import (
    MAX_BYTES,
    AttributeGroup,
    Attributes,
    IppResponse,
    IppVersion,
    Operation,
    ValueTag,
    decode_response,
    encode_request,
)
from agent.collectors._ipp.targets import IppTarget, list_targets
from agent.collectors._vendor import vendor_profiles
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.collectors._visit import Answer, Visit, When
from agent.config import Config
from agent.core.errors import MalformedReply, NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.core.model import Snapshot, Tier

WHEN: When = "fills_gaps"
TIERS = frozenset(Tier)

VERSIONS: tuple[IppVersion, ...] = ((2, 0), (1, 1))
PATIENCE = 30.0  # seconds: a sleeping printer may need 18 to answer; no second request meanwhile
SHORT_PATIENCE = 5.0  # seconds, where there is more to try: a printer with TLS answers the handshake at once
GRACE = 1.0  # seconds more for a printer that sends a byte now and then

CERTIFICATE_CHANGED = (
    "its certificate differs from the one of the last reading: it was renewed, or another device answers"
)

_STATUS = {
    0x0400: "client-error-bad-request", 0x0401: "client-error-forbidden",
    0x0402: "client-error-not-authenticated", 0x0403: "client-error-not-authorized",
    0x0404: "client-error-not-possible", 0x0405: "client-error-timeout", 0x0406: "client-error-not-found",
    0x0408: "client-error-request-entity-too-large",
    0x040B: "client-error-attributes-or-values-not-supported",
    0x0500: "server-error-internal-error", 0x0501: "server-error-operation-not-supported",
    0x0502: "server-error-service-unavailable", 0x0503: "server-error-version-not-supported",
    0x0504: "server-error-device-error", 0x0505: "server-error-temporary-error",
    0x0506: "server-error-not-accepting-jobs", 0x0507: "server-error-busy",
}  # fmt: skip
"""Status codes (RFC 8011, appendix B)."""

_NEXT_VERSION = frozenset({0x0400, 0x0503})
_NEXT_PATH = frozenset({0x0406, 0x0501})
_NEXT_PATH_HTTP = frozenset({400, 404, 405, 410, 415, 501})


def enabled(config: Config) -> bool:
    """Tell if `[ipp]` is switched on."""
    return config.ipp.enabled


async def collect(visit: Visit) -> Answer:
    """Read the printer where it announced that it answers IPP, else at the usual port. Raises ReadingError.

    TLS comes first. All but the last try are short; the one that answers is the only one afterwards.
    """
    refused: ReadingError = NoAnswer(str(visit.address))
    targets, timeout = list_targets(visit), visit.config.ipp.timeout
    for number, target in enumerate(targets, 1):
        patience = timeout if number == len(targets) else min(SHORT_PATIENCE, timeout)
        try:
            snapshot = await read_printer(target, at=visit.at, profiles=visit.profiles, patience=patience)
        except ReadingError as why:
            refused = why
            continue
        return Answer(snapshot=snapshot, learned=target.label)
    raise refused


async def read_printer(
    target: IppTarget,
    *,
    at: float,
    profiles: Profiles | None = None,
    pin: str | None = None,
    patience: float = PATIENCE,
) -> Snapshot:
    """Read a printer once, at the time `at`. `pin` is the certificate's fingerprint of an earlier reading: a
    printer with another certificate is read all the same, and the change is among its problems.

    Raises ReadingError (NoAnswer, RefusedByDevice, WrongCredential, MalformedReply).
    """
    async with open_session(target, patience) as session:
        attributes = await session.fetch_printer(attribute_mapping.REQUESTED_ATTRIBUTES)
    problems = list(session.problems)
    if pin is not None and session.certificate != pin:
        problems.append(CERTIFICATE_CHANGED)
    parts = attribute_mapping.build_snapshot_parts(
        attributes, vendor_profiles.load_shipped() if profiles is None else profiles, problems
    )
    return Snapshot(
        address=target.address,
        at=at,
        via="ipp",
        certificate=session.certificate,
        certificate_until=session.certificate_until,
        problems=tuple(problems),
        **parts,
    )


@asynccontextmanager
async def open_session(target: IppTarget, patience: float = PATIENCE) -> AsyncIterator["IppSession"]:
    """Open a session whose requests have to be answered within `patience` seconds in all."""
    async with _build_client(target) as client:
        try:
            async with asyncio.timeout(patience + GRACE):
                yield IppSession(client, target, asyncio.get_running_loop().time() + patience)
        except TimeoutError:
            raise NoAnswer(str(target.address), f"no IPP answer within {patience:g} s") from None


class IppSession:
    """The requests to one printer, one after the other."""

    def __init__(self, client: httpx.AsyncClient, target: IppTarget, deadline: float) -> None:
        self._client = client
        self._target = target
        self._deadline = deadline  # by the loop's clock
        self._number = 0
        self.certificate: str | None = None
        self.certificate_until: float | None = None  # when it ends
        self.problems: tuple[str, ...] = ()

    async def fetch_printer(self, names: tuple[str, ...]) -> Attributes:
        """Fetch the printer's attributes from the first path and version that has them."""
        refused = "no path to ask"
        for path in self._target.paths:
            try:
                response = await self._try_versions(path, names)
            except PathNotFound as why:
                refused = why.reason
                continue
            found = next(filter(None, response.attributes_in(AttributeGroup.PRINTER)), None)
            if found is None:
                raise MalformedReply(str(self._target.address), "the IPP answer has no printer attributes")
            return found
        raise RefusedByDevice(str(self._target.address), refused)

    async def _try_versions(self, path: str, names: tuple[str, ...]) -> IppResponse:
        for version in VERSIONS:
            try:
                return await self.send_request(Operation.GET_PRINTER_ATTRIBUTES, path, version, names)
            except _WrongVersion as why:
                refused = why.reason
        raise RefusedByDevice(str(self._target.address), refused)

    async def send_request(
        self, operation: Operation, path: str, version: IppVersion, names: tuple[str, ...]
    ) -> IppResponse:
        """Send one request. Raises ReadingError; PathNotFound or _WrongVersion if another one may work."""
        self._number += 1
        self.uri = self._target.build_uri(path)
        target = (
            [(ValueTag.URI, "printer-uri", [self.uri])]
            if operation is Operation.GET_PRINTER_ATTRIBUTES
            else []
        )
        operands = [*target, (ValueTag.KEYWORD, "requested-attributes", names)]
        raw = await self._post_request(path, encode_request(operation, version, self._number, operands))
        try:
            response = decode_response(raw)
        except MalformedReply as why:
            raise MalformedReply(str(self._target.address), why.reason) from None
        self.problems = response.problems
        if response.status >= 0x0100:
            raise self._refusal_error(response.status)
        return response

    def _refusal_error(self, status: int) -> ReadingError:
        named = _STATUS.get(status, "an unknown status")
        reason = f"the printer refused to send its attributes: {named} ({status:#06x})"
        if status in _NEXT_VERSION:
            return _WrongVersion(str(self._target.address), reason)
        if status in _NEXT_PATH:
            return PathNotFound(str(self._target.address), reason)
        return RefusedByDevice(str(self._target.address), reason)

    async def _post_request(self, path: str, content: bytes) -> bytes:
        left = max(0.01, self._deadline - asyncio.get_running_loop().time())
        where = self._target.build_uri(path, http=True)
        try:
            async with self._client.stream("POST", where, content=content, timeout=left) as response:
                self._note_certificate(response)
                self._check_http_status(response.status_code, path)
                return await _read_bounded(response, str(self._target.address))
        except httpx.TimeoutException:
            raise NoAnswer(str(self._target.address), "no IPP answer in time") from None
        except (httpx.ProtocolError, httpx.DecodingError, httpx.InvalidURL) as why:
            raise MalformedReply(str(self._target.address), f"what answers is not HTTP: {why}") from None
        except (httpx.TransportError, OSError) as why:
            raise NoAnswer(str(self._target.address), f"no connection: {why or type(why).__name__}") from None
        except (
            ValueError,
            LookupError,
            ArithmeticError,
        ) as why:  # idna, codecs, numbers
            raise MalformedReply(
                str(self._target.address), f"its HTTP cannot be used: {type(why).__name__}"
            ) from None

    def _note_certificate(self, response: httpx.Response) -> None:
        stream = response.extensions.get("network_stream")
        channel = stream.get_extra_info("ssl_object") if stream else None
        raw = channel.getpeercert(binary_form=True) if channel else None
        if raw:
            self.certificate = hashlib.sha256(raw).hexdigest()
            self.certificate_until = certificate_dates.parse_end(raw)

    def _check_http_status(self, status: int, path: str) -> None:
        address = str(self._target.address)
        if status in _NEXT_PATH_HTTP:
            raise PathNotFound(address, f"{path} is no printer there: HTTP {status}")
        if status in {401, 403}:
            raise WrongCredential(address, f"the printer wants a user for IPP: HTTP {status}")
        if status == 426:
            raise RefusedByDevice(address, "the printer answers IPP with TLS only: ask ipps://")
        if status != 200:
            raise RefusedByDevice(address, f"the printer answered HTTP {status} to an IPP request")


class _WrongVersion(ReadingError):
    """The printer does not speak this version of IPP; another may work."""


class PathNotFound(ReadingError):
    """No printer answers at this path; another may work."""


async def _read_bounded(response: httpx.Response, address: str) -> bytes:
    """Read the body, at most MAX_BYTES of it. Raises MalformedReply."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise MalformedReply(address, f"the IPP answer is longer than {MAX_BYTES} bytes")
    return bytes(body)


def _build_client(target: IppTarget) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=target.socket, verify=False) if target.socket else None,
        verify=_accept_any_certificate() if target.tls else False,
        trust_env=False,  # printers are never asked through a proxy
        headers={"Content-Type": "application/ipp", "Accept": "application/ipp"},
    )


def _accept_any_certificate() -> ssl.SSLContext:
    """Accept any certificate and, for old printers, any version and cipher: no secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
