"""A sorted tree of typed values, and what an agent answers from it.

`respond` is pure: a tree and a request in, a response out (RFC 1157, section 4.1, for v1;
RFC 3416, section 4.2, for v2c). A tree never changes; a printer has a new one for each moment.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agent.simulator.ber import Oid, Pdu, Request, Response, Status, Tag, Value, VarBind, Version, size_of

LARGEST = 8192
"""Octets of the largest response that a simulated printer sends."""

_OVERHEAD = 64
_END = Value(Tag.END_OF_MIB_VIEW, None)
_NULL = Value(Tag.NULL, None)


def integer(number: int) -> Value:
    return Value(Tag.INTEGER, number)


def counter(number: int) -> Value:
    """A Counter32, which wraps (RFC 2578, section 7.1.6)."""
    return Value(Tag.COUNTER32, number % (1 << 32))


def gauge(number: int) -> Value:
    return Value(Tag.GAUGE32, number)


def ticks(seconds: float) -> Value:
    """TimeTicks: 1/100 s, wrapping after 497 days (RFC 2578, section 7.1.8)."""
    return Value(Tag.TICKS, int(seconds * 100) % (1 << 32))


def octets(content: bytes) -> Value:
    return Value(Tag.OCTETS, content)


def text(content: str) -> Value:
    return Value(Tag.OCTETS, content.encode())


def name(arcs: Oid) -> Value:
    """A value that is an OBJECT IDENTIFIER."""
    return Value(Tag.OID, arcs)


class Mib:
    """Values by OID, in order."""

    def __init__(self, values: Mapping[Oid, Value], order: Sequence[Oid] | None = None) -> None:
        self._values = values
        self._order = sorted(values) if order is None else order

    def __len__(self) -> int:
        return len(self._order)

    def changed(self, changes: Mapping[Oid, Value]) -> "Mib":
        """This tree with other values in existing places: cheap, because the order stays."""
        return Mib({**self._values, **changes}, self._order)

    def get(self, oid: Oid) -> Value:
        """The value at `oid`, or which of the two exceptions of RFC 3416, section 4.2.1, it is."""
        found = self._values.get(oid)
        if found is not None:
            return found
        siblings = bisect_left(self._order, oid[:-1])
        known = siblings < len(self._order) and self._order[siblings][: len(oid) - 1] == oid[:-1]
        return Value(Tag.NO_SUCH_INSTANCE if known else Tag.NO_SUCH_OBJECT, None)

    def next(self, oid: Oid) -> VarBind | None:
        """The first value behind `oid`; None at the end."""
        at = bisect_right(self._order, oid)
        if at == len(self._order):
            return None
        return self._order[at], self._values[self._order[at]]


def respond(mib: Mib, request: Request, *, largest: int = LARGEST) -> Response:
    """The answer of a well-behaved agent that lets nobody write."""
    version_1 = request.version == Version.V1
    if request.kind == Pdu.SET:
        return refusal(request, Status.NO_SUCH_NAME if version_1 else Status.NOT_WRITABLE, 1)
    if version_1:
        return _respond_v1(mib, request, largest)
    if request.kind == Pdu.GET_BULK:
        return answer(request, _bulk(mib, request, largest))
    one: Callable[[Mib, Oid], VarBind] = _get if request.kind == Pdu.GET else _next
    varbinds = tuple(one(mib, oid) for oid in request.oids)
    if size_of(varbinds) + _OVERHEAD > largest:
        # RFC 3416, section 4.2.1: tooBig, error-index 0, no varbinds
        return replace(answer(request, ()), status=Status.TOO_BIG)
    return answer(request, varbinds)


def answer(request: Request, varbinds: tuple[VarBind, ...]) -> Response:
    """The response that carries `varbinds`."""
    return Response(
        version=request.version,
        community=request.community,
        request_id=request.request_id,
        varbinds=varbinds,
    )


def refusal(request: Request, status: Status, index: int) -> Response:
    """The response that repeats the request's names and says why not (RFC 1157, section 4.1.2)."""
    echo = tuple((oid, _NULL) for oid in request.oids)
    return replace(answer(request, echo), status=status, index=index)


def _respond_v1(mib: Mib, request: Request, largest: int) -> Response:
    one = _get if request.kind == Pdu.GET else _next_v1
    found = tuple(one(mib, oid) for oid in request.oids)
    for index, (_, value) in enumerate(found, start=1):
        # Exceptions do not exist in v1, and no Counter64 (RFC 3584, section 4.2.2.1)
        if value.tag >= Tag.NO_SUCH_OBJECT or value.tag == Tag.COUNTER64:
            return refusal(request, Status.NO_SUCH_NAME, index)
    if size_of(found) + _OVERHEAD > largest:
        return refusal(request, Status.TOO_BIG, 0)
    return answer(request, found)


def _get(mib: Mib, oid: Oid) -> VarBind:
    return oid, mib.get(oid)


def _next(mib: Mib, oid: Oid) -> VarBind:
    return mib.next(oid) or (oid, _END)


def _next_v1(mib: Mib, oid: Oid) -> VarBind:
    """As `_next`, stepping over every Counter64 (RFC 3584, section 4.2.2.1)."""
    found = _next(mib, oid)
    while found[1].tag == Tag.COUNTER64:
        found = _next(mib, found[0])
    return found


def _bulk(mib: Mib, request: Request, largest: int) -> tuple[VarBind, ...]:
    """RFC 3416, section 4.2.3: as many varbinds as fit, row after row, until all columns ended."""
    once, again = request.oids[: request.non_repeaters], request.oids[request.non_repeaters :]
    found = [_next(mib, oid) for oid in once]
    room = largest - _OVERHEAD - size_of(found)
    for _ in range(request.max_repetitions if again else 0):
        row = [_next(mib, oid) for oid in again]
        for varbind in row:
            room -= size_of((varbind,))
            if room < 0:
                return tuple(found)
            found.append(varbind)
        if all(value.tag == Tag.END_OF_MIB_VIEW for _, value in row):
            break
        again = tuple(oid for oid, _ in row)
    return tuple(found)
