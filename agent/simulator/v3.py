"""The SNMPv3 engine of a simulated device: USM and message processing by pysnmp, over the same tree.

pysnmp's engine is used without its sockets: a message goes in as bytes, the reply is caught as bytes
(RFC 3412 message processing, RFC 3414 security). A wrong key, an unknown user or a stale time gets
the Report that the RFCs ask for; writing is refused.
"""

import time
from collections import defaultdict
from typing import Any

from pyasn1.error import PyAsn1Error
from pyasn1.type.constraint import ConstraintsIntersection
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.carrier.base import AbstractTransportAddress, AbstractTransportDispatcher
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp
from pysnmp.entity.rfc3413 import context as contexts
from pysnmp.error import PySnmpError
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.smi import error as smi_error
from pysnmp.smi.instrum import AbstractMibInstrumController

from agent.simulator.ber import BerTag, BerValue, Oid
from agent.simulator.device import OtherContexts, UsmUser
from agent.simulator.endpoint import MibSource
from agent.simulator.mib import MibTree

_AUTH = {
    None: config.USM_AUTH_NONE,
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA1": config.USM_AUTH_HMAC96_SHA,
    "SHA224": config.USM_AUTH_HMAC128_SHA224,
    "SHA256": config.USM_AUTH_HMAC192_SHA256,
    "SHA384": config.USM_AUTH_HMAC256_SHA384,
    "SHA512": config.USM_AUTH_HMAC384_SHA512,
}
_PRIV = {
    None: config.USM_PRIV_NONE,
    "DES": config.USM_PRIV_CBC56_DES,
    "3DES": config.USM_PRIV_CBC168_3DES,
    "AES128": config.USM_PRIV_CFB128_AES,
    "AES192": config.USM_PRIV_CFB192_AES,
    "AES256": config.USM_PRIV_CFB256_AES,
}
_TYPES = {
    BerTag.INTEGER: rfc1902.Integer32,
    BerTag.OCTETS: rfc1902.OctetString,
    BerTag.NULL: rfc1902.Null,
    BerTag.OID: rfc1902.ObjectIdentifier,
    BerTag.IP_ADDRESS: rfc1902.IpAddress,
    BerTag.COUNTER32: rfc1902.Counter32,
    BerTag.GAUGE32: rfc1902.Gauge32,
    BerTag.TICKS: rfc1902.TimeTicks,
    BerTag.OPAQUE: rfc1902.Opaque,
    BerTag.COUNTER64: rfc1902.Counter64,
}
_EXCEPTIONS = {
    BerTag.NO_SUCH_OBJECT: rfc1905.noSuchObject,
    BerTag.NO_SUCH_INSTANCE: rfc1905.noSuchInstance,
    BerTag.END_OF_MIB_VIEW: rfc1905.endOfMibView,
}
_END = BerValue(BerTag.END_OF_MIB_VIEW, None)
_YEAR_2020 = 1_577_836_800


NET_SNMP = 8072  # enterprise number
UNKNOWN_CONTEXTS = (1, 3, 6, 1, 6, 3, 12, 1, 5, 0)  # snmpUnknownContexts


def build_engine_id(mac: str, enterprise: int = NET_SNMP) -> bytes:
    """RFC 3411, section 5, SnmpEngineID: enterprise number with the top bit set, format 3, MAC."""
    return (0x8000_0000 | enterprise).to_bytes(4, "big") + b"\x03" + bytes.fromhex(mac)


class V3Engine:
    """One device's v3 engine, with one user who may read everything."""

    def __init__(
        self,
        source: MibSource,
        user: UsmUser,
        mac: str,
        enterprise: int = NET_SNMP,
        *,
        context: str = "",
        other_contexts: OtherContexts = "report",
    ) -> None:
        self._source = source
        self._tree = _MibController()
        self._wire = _ReplyCatcher()
        self._peer = udp.UdpTransportAddress(("127.0.0.1", 0))  # kept by the engine, never used
        self._engine = engine.SnmpEngine()
        self._set_engine_id(build_engine_id(mac, enterprise))
        self._engine.register_transport_dispatcher(self._wire)
        _add_user(self._engine, user)
        shown = contexts.SnmpContext(self._engine)
        shown.context_names = _ContextNames(_MibController, {context.encode(): self._tree})
        for responder in _build_responders(context.encode(), other_contexts):
            responder(self._engine, shown)

    def __call__(self, message: bytes, elapsed: float) -> bytes | None:
        """Return the reply to a v3 message, or None if none is due."""
        mib = self._source.mib_at(elapsed)
        if mib is None:
            return None
        self._tree.mib = mib
        self._wire.said = None
        self._wire.handle_timer_tick(time.time())  # lets the engine forget old exchanges
        try:
            self._engine.message_dispatcher.receive_message(
                self._engine, udp.SNMP_UDP_DOMAIN, self._peer, message
            )
        except (PySnmpError, PyAsn1Error):  # a broken message is dropped (RFC 3412, section 7.2)
            return None
        return self._wire.said

    def _set_engine_id(self, identity: bytes) -> None:
        """The same engine id after each start, and each start a later boot (RFC 3414, section 2.2).

        As `SnmpEngine(snmpEngineID=…)` does it, but without its file of boots in the temporary folder.
        """
        (own,) = self._engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineID")
        own.syntax = own.syntax.clone(identity)
        self._engine.snmpEngineID = own.syntax
        (boots,) = self._engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineBoots")
        boots.syntax = boots.syntax.clone(int(time.time()) - _YEAR_2020)


def _add_user(own: engine.SnmpEngine, user: UsmUser) -> None:
    """Serve `user`. pysnmp's USM refuses requests without the user's keys."""
    config.add_v3_user(
        own,
        user.name,
        _AUTH[user.auth_protocol],
        user.auth_password or None,
        _PRIV[user.priv_protocol],
        user.priv_password or None,
    )


class _ReplyCatcher(AbstractTransportDispatcher):  # type: ignore[misc]  # pysnmp ships no types
    """Catches what the engine says, in place of a socket."""

    said: bytes | None = None

    def send_message(
        self, outgoing: bytes, _domain: tuple[int, ...], _peer: AbstractTransportAddress
    ) -> None:
        self.said = bytes(outgoing)


class _MibController(AbstractMibInstrumController):  # type: ignore[misc]  # pysnmp ships no types
    """A `MibTree` behind the interface of pysnmp's command responders."""

    mib = MibTree({})

    def read_variables(self, *varbinds: Any, **_about: Any) -> list[tuple[Any, Any]]:
        return [_convert_varbind(tuple(name), self.mib.get(tuple(name))) for name, _ in varbinds]

    def read_next_variables(self, *varbinds: Any, **_about: Any) -> list[tuple[Any, Any]]:
        names = (tuple(name) for name, _ in varbinds)
        return [_convert_varbind(*(self.mib.next_after(name) or (name, _END))) for name in names]

    def write_variables(self, *varbinds: Any, **_about: Any) -> list[tuple[Any, Any]]:
        raise smi_error.NotWritableError(name=varbinds[0][0], idx=0)


class _ContextNames(defaultdict[bytes, _MibController]):
    """The tree of each context: an empty one in all that were not given."""

    def __contains__(self, _name: object) -> bool:
        return True


class _InContext:
    """A command responder that serves one context; in others it reports, is silent, or has no values."""

    own: bytes
    others: OtherContexts

    def process_pdu(self, *given: Any) -> None:
        """Process a request (given by pysnmp: the engine, six parameters, the PDU, two more)."""
        name, rest = bytes(given[6]), given[8:]
        if name == self.own or self.others == "nothing":
            super().process_pdu(*given)  # type: ignore[misc]
        elif self.others == "report":
            report = {"oid": UNKNOWN_CONTEXTS, "val": rfc1902.Counter32(1), "securityLevel": given[4]}
            given[0].message_dispatcher.return_response_pdu(*given[:8], *rest, report)


def _build_responders(own: bytes, others: OtherContexts) -> list[type]:
    """Build the responders of one context, one for each kind of request."""
    kinds = (
        cmdrsp.GetCommandResponder,
        cmdrsp.NextCommandResponder,
        cmdrsp.BulkCommandResponder,
        cmdrsp.SetCommandResponder,
    )
    return [type(kind.__name__, (_InContext, kind), {"own": own, "others": others}) for kind in kinds]


def _convert_varbind(name: Oid, value: BerValue) -> tuple[Any, Any]:
    """A varbind in pysnmp's types."""
    if value.tag in _EXCEPTIONS:
        return rfc1902.ObjectName(name), _EXCEPTIONS[BerTag(value.tag)]
    kind = _TYPES[BerTag(value.tag)]
    number = value.content if value.tag == BerTag.INTEGER and isinstance(value.content, int) else 0
    if not -(1 << 31) <= number < 1 << 31:
        kind = _WideInteger  # as firmware sends it
    return rfc1902.ObjectName(name), kind(value.content)


class _WideInteger(rfc1902.Integer32):  # type: ignore[misc]  # pysnmp ships no types
    """An INTEGER of any length."""

    subtypeSpec = ConstraintsIntersection()  # noqa: N815 - its name in pyasn1
