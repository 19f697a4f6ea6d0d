"""Requests and responses in pysnmp's own types, and the decoder by which pysnmp reads messages.

pysnmp drops a whole response for one value beyond its type; there is no setting for that. Its decoder is a
name in two of its modules: it gets one that tries once more with the values repaired (`v3_repair`).
"""

from collections.abc import Sequence
from typing import Any

from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import univ
from pysnmp.proto import api
from pysnmp.proto.mpmod import rfc3412
from pysnmp.proto.rfc1902 import IpAddress as Ipv4
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject
from pysnmp.proto.secmod.rfc3414 import service

from agent.snmp.codec import RequestType, SnmpReply
from agent.snmp.oid import decode_arcs, encode_arcs
from agent.snmp.reader import IpAddress, MissingValue, ObjectId, SnmpValue
from agent.snmp.request_strategy import RequestStrategy
from agent.snmp.v1v2c import next_request_id
from agent.snmp.v3_repair import repair_message


class RepairingDecoder:
    """Stands for pyasn1's decoder: what that refuses is decoded with its values repaired."""

    @staticmethod
    def decode(substrate: bytes, **options: Any) -> Any:
        """Decode as `pyasn1.codec.ber.decoder.decode` does. Raises PyAsn1Error."""
        try:
            return decoder.decode(substrate, **options)
        except PyAsn1Error:
            repaired = repair_message(bytes(substrate))
            if repaired is None:
                raise
            return decoder.decode(repaired, **options)


def repair_values() -> None:
    """Let pysnmp read responses with the repairing decoder, in this process."""
    rfc3412.decoder = service.decoder = RepairingDecoder


def build_pdu(
    version: str, ask: RequestType, names: Sequence[bytes], strategy: RequestStrategy, companions: int = 0
) -> tuple[str, Any]:
    """Build the request for pysnmp to send in `version`."""
    fits = RequestType.NEXT if version == "1" and ask is RequestType.BULK else ask
    module = api.PROTOCOL_MODULES[0 if version == "1" else 1]
    kind = {
        RequestType.GET: "GetRequestPDU",
        RequestType.NEXT: "GetNextRequestPDU",
        RequestType.BULK: "GetBulkRequestPDU",
    }[fits]
    pdu = getattr(module, kind)()
    part = module.apiBulkPDU if fits is RequestType.BULK else module.apiPDU
    part.set_defaults(pdu)
    part.set_request_id(pdu, next_request_id())
    if fits is RequestType.BULK:
        part.set_non_repeaters(pdu, companions)
        part.set_max_repetitions(pdu, strategy.repetitions_for(len(names) - companions))
    part.set_varbinds(pdu, [(_decode_name(name), module.Null("")) for name in names])
    return version, pdu


def convert_reply(version: int, pdu: Any) -> SnmpReply:
    """Convert pysnmp's response. Its size is estimated from the values."""
    varbinds = api.PROTOCOL_MODULES[min(version, 1)].apiPDU.get_varbinds(pdu)
    found = [(_encode_name(name), _convert_value(value)) for name, value in varbinds]
    size = sum(len(name) + (len(value) if isinstance(value, bytes) else 4) + 6 for name, value in found)
    request_id, status, index = (int(pdu.getComponentByPosition(position)) for position in (0, 1, 2))
    return SnmpReply(version, request_id, status, index, found, size)


def _decode_name(name: bytes) -> tuple[int, ...]:
    first, *rest = decode_arcs(name)
    top = min(first // 40, 2)
    return (top, first - 40 * top, *rest)


def _encode_name(name: Any) -> bytes:
    first, second, *rest = (int(arc) for arc in name)
    return encode_arcs(40 * first + second, *rest)


_EXCEPTIONS = {
    NoSuchObject: MissingValue.NO_SUCH_OBJECT,
    NoSuchInstance: MissingValue.NO_SUCH_INSTANCE,
    EndOfMibView: MissingValue.END_OF_MIB_VIEW,
}


def _convert_value(value: Any) -> SnmpValue:
    if type(value) in _EXCEPTIONS or isinstance(value, univ.Null):
        return _EXCEPTIONS.get(type(value))
    if isinstance(value, univ.Integer):
        return int(value)
    if isinstance(value, Ipv4):
        return IpAddress(bytes(value))
    if isinstance(value, univ.OctetString):
        return bytes(value)
    if isinstance(value, univ.ObjectIdentifier):
        return ObjectId(_encode_name(value))
    return None
