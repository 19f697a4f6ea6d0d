"""Values of the wrong type."""

from random import Random

from agent.simulator.ber import BerTag, BerValue, BerVarBind, Oid
from agent.simulator.printer import PRT
from agent.simulator.quirk import Responder, change_varbinds, quirk

_LEVELS: tuple[Oid, ...] = ((*PRT, 11, 1, 1, 9), (*PRT, 8, 2, 1, 10))


@quirk()
def levels_as_text(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Levels of supplies and trays come as text: "45"."""

    def level_as_text(varbind: BerVarBind) -> BerVarBind:
        oid, value = varbind
        if value.tag == BerTag.INTEGER and any(oid[: len(column)] == column for column in _LEVELS):
            return oid, BerValue(BerTag.OCTETS, str(value.content).encode())
        return varbind

    return lambda request, now: change_varbinds(answer(request, now), level_as_text)


@quirk()
def unsigned(answer: Responder, _amount: float, _luck: Random) -> Responder:
    """Negative numbers come as unsigned ones: -3 as 4294967293."""

    def as_unsigned(varbind: BerVarBind) -> BerVarBind:
        oid, value = varbind
        if value.tag == BerTag.INTEGER and isinstance(value.content, int) and value.content < 0:
            return oid, BerValue(BerTag.GAUGE32, value.content + (1 << 32))
        return varbind

    return lambda request, now: change_varbinds(answer(request, now), as_unsigned)
