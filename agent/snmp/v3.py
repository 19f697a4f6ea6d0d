"""SNMPv3 (and, if configured, v1 and v2c) through pysnmp: the `Exchange` of that engine.

One `SnmpEngine` sends to all printers. Requests go through `sendPdu`, the dispatcher's own interface
(RFC 3412, 4.1.1), with raw (OID, NULL) pairs: no MIB is looked up, and no target is registered,
which in pysnmp's tables costs ten milliseconds and more for each printer.

An agent that restarted, or was replaced, answers with a Report: usmStatsNotInTimeWindows or
usmStatsUnknownEngineIDs (RFC 3414, 3.2). pysnmp learns from it, and the request is sent again.
Other Reports name a fault of the credential, and become `WrongCredential`.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pysnmp.carrier.asyncio.dispatch import AsyncioDispatcher
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.error import PySnmpError
from pysnmp.nextid import Integer as MessageIds
from pysnmp.proto import errind
from pysnmp.proto.api import v1, v2c
from pysnmp.proto.rfc1902 import OctetString

from agent.core.errors import NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.core.model import Address, Credential, SecurityLevel
from agent.snmp.codec import RequestType, SnmpReply
from agent.snmp.counters import DatagramCounters
from agent.snmp.endpoint import SockAddr, bind_socket
from agent.snmp.engine_id import parse_engine_id
from agent.snmp.pysnmp_messages import build_pdu, convert_reply, repair_values
from agent.snmp.pysnmp_transport import PysnmpTransport
from agent.snmp.rate_limiter import RateLimitedHost, RateLimiter
from agent.snmp.request_strategy import RequestStrategy
from agent.snmp.slots import Slots

MAX_IN_FLIGHT = 50
MAX_MESSAGE_ID = (1 << 15) - 512  # pysnmp may overshoot it by as much as one of its banks
MAX_DISCOVERIES = 4  # Reports in a row that are answered by asking again
LEVELS = {SecurityLevel.CLEAR: 1, SecurityLevel.AUTHENTICATED: 2, SecurityLevel.ENCRYPTED: 3}
MODELS = {"1": (0, 1), "2c": (1, 2), "3": (3, 3)}
"""Message processing model and security model by version (RFC 3411, 5)."""

DOMAINS = {socket.AF_INET: config.SNMP_UDP_DOMAIN, socket.AF_INET6: config.SNMP_UDP6_DOMAIN}

AUTH_PROTOCOLS = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA1": config.USM_AUTH_HMAC96_SHA,
    "SHA224": config.USM_AUTH_HMAC128_SHA224,
    "SHA256": config.USM_AUTH_HMAC192_SHA256,
    "SHA384": config.USM_AUTH_HMAC256_SHA384,
    "SHA512": config.USM_AUTH_HMAC384_SHA512,
}
"""RFC 3414, sections 6 and 7; RFC 7860."""

PRIV_PROTOCOLS = {
    "DES": config.USM_PRIV_CBC56_DES,
    "3DES": config.USM_PRIV_CBC168_3DES,
    "AES128": config.USM_PRIV_CFB128_AES,
    "AES192": config.USM_PRIV_CFB192_AES,
    "AES256": config.USM_PRIV_CFB256_AES,
    "AES192-BLUMENTHAL": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256-BLUMENTHAL": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
"""RFC 3414, section 8; RFC 3826. Longer AES keys are extended as Reeder drafted it, or as Blumenthal did."""

RETRIED_REPORTS = (errind.NotInTimeWindow, errind.UnknownEngineID)
REASONS = {
    errind.UnknownUserName: 'the printer does not know the user "{user}"',
    errind.UnknownSecurityName: 'the printer does not know the user "{user}"',
    errind.WrongDigest: 'the authentication password or protocol of "{user}" is wrong',
    errind.AuthenticationFailure: 'the printer\'s answer is not signed with the key of "{user}"',
    errind.DecryptionError: 'the privacy password or protocol of "{user}" is wrong',
    errind.UnsupportedSecurityLevel: 'the printer does not offer "{user}" the level "{level}"',
    errind.NotInTimeWindow: "the printer's clock keeps running away from ours (not in time window)",
    errind.UnknownEngineID: "the printer keeps changing its engine ID",
}
"""The meaning of a Report (RFC 3414, section 5) for the person who configured the credential."""

CONTEXT_REPORTS = ("1.3.6.1.6.3.12.1.4.0", "1.3.6.1.6.3.12.1.5.0")
"""snmpUnavailableContexts and snmpUnknownContexts (RFC 3413, 3.2)."""

PysnmpPeer = tuple[tuple[int, ...], SockAddr]
PYSNMP_TIMEOUT = (
    600  # ticks of 0.1 s after which pysnmp forgets a request; how long we wait is decided elsewhere
)


class PysnmpEngine:
    """One `SnmpEngine` with a socket for each address family."""

    def __init__(self, buffer: int, counters: DatagramCounters) -> None:
        self.slots = Slots(MAX_IN_FLIGHT)
        self._buffer = buffer
        self._counters = counters
        repair_values()
        self._engine = SnmpEngine()
        self._engine.register_transport_dispatcher(AsyncioDispatcher())
        _shorten_message_ids(self._engine)
        self._users: dict[str, Credential] = {}
        self._communities: dict[str, str] = {}
        self._carriers: dict[socket.AddressFamily, PysnmpTransport] = {}
        self._opening = asyncio.Lock()

    def can_serve(self, credential: Credential) -> bool:
        """Tell if `credential` can be used here: USM has one set of secrets for a user name."""
        known = self._users.get(credential.user)
        return credential.version != "3" or known is None or _list_secrets(known) == _list_secrets(credential)

    def register_credential(self, credential: Credential) -> str:
        """Register `credential` and return its security name. Raises WrongCredential if it cannot be used."""
        if credential.version != "3":
            return self._register_community(credential.community)
        if credential.user not in self._users:
            add_user(self._engine, credential)
            self._users[credential.user] = credential
        return credential.user

    def _register_community(self, community: str) -> str:
        if community not in self._communities:
            name = self._communities[community] = f"community-{len(self._communities)}"
            config.add_v1_system(self._engine, name, community)
        return self._communities[community]

    async def open_transport(self, family: socket.AddressFamily) -> PysnmpTransport:
        """Open the socket for `family` when it is first needed."""
        async with self._opening:
            if family not in self._carriers:
                carrier = PysnmpTransport(bind_socket(family, self._buffer), self._counters)
                await carrier.open()
                config.add_transport(self._engine, DOMAINS[family], carrier)
                self._carriers[family] = carrier
        return self._carriers[family]

    def send_pdu(
        self,
        to: PysnmpPeer,
        version: str,
        name: str,
        level: int,
        pdu: Any,
        future: "asyncio.Future[Any]",
        *,
        context: str,
    ) -> None:
        """Send `pdu`. `future` gets the response PDU or an error indication; without an answer, no result."""

        def on_response(*given: Any) -> None:
            response, status = given[8], given[9]
            outcome = status["errorIndication"] if status else (int(given[1]), response)
            if not future.done() and not isinstance(outcome, errind.RequestTimedOut):
                future.set_result(outcome)

        processing, security = MODELS[version]
        self._engine.message_dispatcher.send_pdu(
            self._engine, *to, processing, security, OctetString(name), level,
            None, context.encode(), int(processing > 0), pdu, True, PYSNMP_TIMEOUT, on_response,
        )  # fmt: skip

    def find_enterprise(self, host: RateLimitedHost) -> int | None:
        """Return the enterprise number in the engine id of `host` (RFC 3411, 5); None if it is not known."""
        carrier = self._carriers.get(host.family)
        if carrier is None:
            return None
        model = self._engine.message_processing_subsystems[MODELS["3"][0]]
        peer = DOMAINS[host.family], carrier.peer_address(host.sockaddr)
        engine_id = model.get_peer_engine_info(*peer)[0]
        parsed = parse_engine_id(bytes(engine_id)) if engine_id is not None else None
        return parsed.enterprise if parsed else None

    def close(self) -> None:
        """Close the sockets and stop pysnmp's timer."""
        self._engine.close_dispatcher()


@dataclass(slots=True, kw_only=True)
class PysnmpExchange:
    """The `Exchange` of one printer through pysnmp. `engine` returns an engine that serves `credential`."""

    address: Address
    credential: Credential
    limiter: RateLimiter
    engine: Callable[[], PysnmpEngine]
    waits: Sequence[float]
    brief_waits: Sequence[float]
    contexts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # of makers, by enterprise number
    waited: float = 0.0

    async def send_request(
        self,
        ask: RequestType,
        names: Sequence[bytes],
        strategy: RequestStrategy,
        *,
        brief: bool = False,
        companions: int = 0,
    ) -> SnmpReply:
        """Send as `Exchange.send_request`. Raises NoAnswer, WrongCredential, or ReadingError."""
        level = self.credential.security_level
        requests = [
            build_pdu(version, ask, names, strategy, companions) for version in strategy.versions_to_try()
        ]
        waits, context = self.brief_waits if brief else self.waits, strategy.context or ""
        reply = await self._run_attempts(requests, level, waits, context)
        if reply is None and level is SecurityLevel.ENCRYPTED and await self._answers_unencrypted(context):
            raise WrongCredential(
                str(self.address), REASONS[errind.DecryptionError].format(user=self._user_name)
            )
        if reply is None:
            raise NoAnswer(str(self.address), "no answer, after all repeats")
        return reply

    async def _answers_unencrypted(self, context: str) -> bool:
        """Tell if the printer answers, if only with an error, a request that is signed but not encrypted.

        Some agents (net-snmp for one) silently drop requests that they cannot decrypt. The request is empty,
        so that no data is disclosed.
        """
        nothing = build_pdu("3", RequestType.GET, (), RequestStrategy())
        level, waits = SecurityLevel.AUTHENTICATED, self.waits[:1]
        return await self._run_attempts([nothing], level, waits, context) is not None

    def list_contexts(self) -> Sequence[str]:
        """List the contexts of the maker in the engine id; of all makers, if it is none of theirs.

        Empty with a configured context, and as long as the engine has not answered at all.
        """
        host, engine = self.limiter.get_host(self.address), self.engine()
        if self.credential.context or self.credential.version != "3":
            return ()
        enterprise = engine.find_enterprise(host)
        if enterprise is None:
            return ()
        everything = dict.fromkeys(name for names in self.contexts.values() for name in names)
        return self.contexts.get(enterprise, tuple(everything))

    async def _run_attempts(
        self, requests: Sequence[tuple[str, Any]], level: SecurityLevel, waits: Sequence[float], context: str
    ) -> SnmpReply | None:
        host, engine = self.limiter.get_host(self.address), self.engine()
        name = engine.register_credential(self.credential)
        carrier, domain = await engine.open_transport(host.family), DOMAINS[host.family]

        def send_pdu(version: str, pdu: Any, future: asyncio.Future[Any]) -> None:
            to = domain, carrier.peer_address(host.sockaddr)
            engine.send_pdu(to, version, name, LEVELS[level], pdu, future, context=context)

        attempt = _PysnmpRequest(send_pdu, lambda: carrier.forget_peer(host.sockaddr), requests).send_attempt
        try:
            reply, waited = await self.limiter.run_attempts(host, attempt, waits, engine.slots)
        except (PySnmpError, errind.ErrorIndication) as why:
            raise self._translate_error(why, context) from why
        self.waited += waited
        return reply

    @property
    def _user_name(self) -> str:
        return self.credential.user

    def _translate_error(self, why: Exception, context: str) -> ReadingError:
        """Translate an error indication of pysnmp."""
        if isinstance(why, errind.ReportPduReceived) and str(why).endswith(CONTEXT_REPORTS):
            said = f'the printer does not know the SNMPv3 context "{context}"'
            return RefusedByDevice(str(self.address), said)
        reason = REASONS.get(type(why))
        if reason is None:
            return ReadingError(str(self.address), f"pysnmp reports: {why}")
        said = reason.format(user=self._user_name, level=self.credential.security_level)
        return WrongCredential(str(self.address), said)


class _PysnmpRequest:
    """One request, in each version to be tried. A late answer to an earlier attempt still counts."""

    def __init__(
        self,
        send: Callable[[str, Any, Any], None],
        forget: Callable[[], None],
        requests: Sequence[tuple[str, Any]],
    ) -> None:
        self._send = send
        self._forget = forget
        self._asked = requests
        self._future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def send_attempt(self, number: int, wait: float) -> SnmpReply | None:
        """Send once, and again after each Report that allows it; None without an answer in time.

        After a silent attempt the engine is discovered afresh: the agent may have another engine ID by now.
        Raises the errors of pysnmp, and other Reports as their ErrorIndication."""
        loop = asyncio.get_running_loop()
        version, pdu = self._asked[number % len(self._asked)]
        until = loop.time() + wait
        if number:
            self._forget()
        for _ in range(MAX_DISCOVERIES):
            self._send(version, pdu, self._future)
            done, _ = await asyncio.wait([self._future], timeout=until - loop.time())
            if not done:
                return None
            outcome = self._future.result()
            if not isinstance(outcome, Exception):
                return convert_reply(*outcome)
            if not isinstance(outcome, RETRIED_REPORTS):
                break
            self._future = loop.create_future()
        raise outcome


def _shorten_message_ids(engine: SnmpEngine) -> None:
    """Keep msgID, and the request-id of engine discovery, below 2^15: some agents give back the lower 16 bits
    only. pysnmp has no setting for it."""
    for model in engine.message_processing_subsystems.values():
        model._cache._Cache__message_id = MessageIds(MAX_MESSAGE_ID)  # noqa: SLF001 - see above
    v1.getNextRequestID = v2c.getNextRequestID = MessageIds(MAX_MESSAGE_ID)


def add_user(engine: SnmpEngine, credential: Credential, engine_id: object = None) -> None:
    """Register the user of `credential` with pysnmp; for one authoritative engine, or for any.

    Raises WrongCredential if USM could not work with it, before anything is sent.
    """
    _check_credential(credential)
    config.add_v3_user(
        engine,
        credential.user,
        AUTH_PROTOCOLS.get(credential.auth_protocol or "", config.USM_AUTH_NONE),
        credential.auth_password or None,
        PRIV_PROTOCOLS.get(credential.priv_protocol or "", config.USM_PRIV_NONE),
        credential.priv_password or None,
        securityEngineId=engine_id,
    )


def _list_secrets(credential: Credential) -> tuple[object, ...]:
    auth = credential.auth_protocol, credential.auth_password
    return (*auth, credential.priv_protocol, credential.priv_password)


def _check_credential(credential: Credential) -> None:
    for protocol, known in (
        (credential.auth_protocol, AUTH_PROTOCOLS),
        (credential.priv_protocol, PRIV_PROTOCOLS),
    ):
        if protocol is not None and protocol not in known:
            raise WrongCredential("", f'"{protocol}" is not one of {", ".join(known)}')
    if credential.priv_protocol and not credential.auth_protocol:
        raise WrongCredential("", "SNMPv3 does not encrypt without authentication (RFC 3411, 3.4.3)")
