"""A sorted tree of typed values, and an agent's answers from it.

`respond` is pure: a tree and a request in, a response out (RFC 1157, section 4.1, for v1;
RFC 3416, section 4.2, for v2c). A tree never changes; a printer has a new one for each moment.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agent.simulator.ber import (
    BerTag,
    BerValue,
    BerVarBind,
    ErrorStatus,
    MessageVersion,
    Oid,
    PduType,
    RequestMessage,
    ResponseMessage,
    encoded_size,
)

MAX_RESPONSE = 8192
"""Octets of the largest response that a simulated printer sends."""

_OVERHEAD = 64
_END = BerValue(BerTag.END_OF_MIB_VIEW, None)
_NULL = BerValue(BerTag.NULL, None)


def integer(number: int) -> BerValue:
    return BerValue(BerTag.INTEGER, number)


def counter(number: int) -> BerValue:
    """A Counter32, which wraps (RFC 2578, section 7.1.6)."""
    return BerValue(BerTag.COUNTER32, number % (1 << 32))


def gauge(number: int) -> BerValue:
    return BerValue(BerTag.GAUGE32, number)


def ticks(seconds: float) -> BerValue:
    """TimeTicks: 1/100 s, wrapping after 497 days (RFC 2578, section 7.1.8)."""
    return BerValue(BerTag.TICKS, int(seconds * 100) % (1 << 32))


def octets(content: bytes) -> BerValue:
    return BerValue(BerTag.OCTETS, content)


def text(content: str) -> BerValue:
    return BerValue(BerTag.OCTETS, content.encode())


def oid_value(arcs: Oid) -> BerValue:
    """A value that is an OBJECT IDENTIFIER."""
    return BerValue(BerTag.OID, arcs)


class MibTree:
    """Values by OID, in order."""

    def __init__(self, values: Mapping[Oid, BerValue], order: Sequence[Oid] | None = None) -> None:
        self._values = values
        self._order = sorted(values) if order is None else order

    def __len__(self) -> int:
        return len(self._order)

    def with_changes(self, changes: Mapping[Oid, BerValue]) -> "MibTree":
        """This tree with other values in existing places: cheap, because the order stays."""
        return MibTree({**self._values, **changes}, self._order)

    def get(self, oid: Oid) -> BerValue:
        """The value at `oid`, or the matching one of the two exceptions of RFC 3416, section 4.2.1."""
        found = self._values.get(oid)
        if found is not None:
            return found
        siblings = bisect_left(self._order, oid[:-1])
        known = siblings < len(self._order) and self._order[siblings][: len(oid) - 1] == oid[:-1]
        return BerValue(BerTag.NO_SUCH_INSTANCE if known else BerTag.NO_SUCH_OBJECT, None)

    def next_after(self, oid: Oid) -> BerVarBind | None:
        """The first value behind `oid`; None at the end."""
        at = bisect_right(self._order, oid)
        if at == len(self._order):
            return None
        return self._order[at], self._values[self._order[at]]


def respond(mib: MibTree, request: RequestMessage, *, largest: int = MAX_RESPONSE) -> ResponseMessage:
    """Answer as a well-behaved, read-only agent."""
    version_1 = request.version == MessageVersion.V1
    if request.kind == PduType.SET:
        return build_refusal(request, ErrorStatus.NO_SUCH_NAME if version_1 else ErrorStatus.NOT_WRITABLE, 1)
    if version_1:
        return _respond_v1(mib, request, largest)
    if request.kind == PduType.GET_BULK:
        return build_response(request, _bulk_varbinds(mib, request, largest))
    one: Callable[[MibTree, Oid], BerVarBind] = _get_varbind if request.kind == PduType.GET else _next_varbind
    varbinds = tuple(one(mib, oid) for oid in request.oids)
    if encoded_size(varbinds) + _OVERHEAD > largest:
        # RFC 3416, section 4.2.1: tooBig, error-index 0, no varbinds
        return replace(build_response(request, ()), status=ErrorStatus.TOO_BIG)
    return build_response(request, varbinds)


def build_response(request: RequestMessage, varbinds: tuple[BerVarBind, ...]) -> ResponseMessage:
    """The response that carries `varbinds`."""
    return ResponseMessage(
        version=request.version,
        community=request.community,
        request_id=request.request_id,
        varbinds=varbinds,
    )


def build_refusal(request: RequestMessage, status: ErrorStatus, index: int) -> ResponseMessage:
    """The response that repeats the request's names and says why not (RFC 1157, section 4.1.2)."""
    echo = tuple((oid, _NULL) for oid in request.oids)
    return replace(build_response(request, echo), status=status, index=index)


def _respond_v1(mib: MibTree, request: RequestMessage, largest: int) -> ResponseMessage:
    one = _get_varbind if request.kind == PduType.GET else _next_varbind_v1
    found = tuple(one(mib, oid) for oid in request.oids)
    for index, (_, value) in enumerate(found, start=1):
        # Exceptions do not exist in v1, and no Counter64 (RFC 3584, section 4.2.2.1)
        if value.tag >= BerTag.NO_SUCH_OBJECT or value.tag == BerTag.COUNTER64:
            return build_refusal(request, ErrorStatus.NO_SUCH_NAME, index)
    if encoded_size(found) + _OVERHEAD > largest:
        return build_refusal(request, ErrorStatus.TOO_BIG, 0)
    return build_response(request, found)


def _get_varbind(mib: MibTree, oid: Oid) -> BerVarBind:
    return oid, mib.get(oid)


def _next_varbind(mib: MibTree, oid: Oid) -> BerVarBind:
    return mib.next_after(oid) or (oid, _END)


def _next_varbind_v1(mib: MibTree, oid: Oid) -> BerVarBind:
    """As `_next_varbind`, stepping over every Counter64 (RFC 3584, section 4.2.2.1)."""
    found = _next_varbind(mib, oid)
    while found[1].tag == BerTag.COUNTER64:
        found = _next_varbind(mib, found[0])
    return found


def _bulk_varbinds(mib: MibTree, request: RequestMessage, largest: int) -> tuple[BerVarBind, ...]:
    """RFC 3416, section 4.2.3: as many varbinds as fit, row after row, until all columns ended."""
    once, again = request.oids[: request.non_repeaters], request.oids[request.non_repeaters :]
    found = [_next_varbind(mib, oid) for oid in once]
    room = largest - _OVERHEAD - encoded_size(found)
    for _ in range(request.max_repetitions if again else 0):
        row = [_next_varbind(mib, oid) for oid in again]
        for varbind in row:
            room -= encoded_size((varbind,))
            if room < 0:
                return tuple(found)
            found.append(varbind)
        if all(value.tag == BerTag.END_OF_MIB_VIEW for _, value in row):
            break
        again = tuple(oid for oid, _ in row)
    return tuple(found)
