"""Values of the wrong type."""

from random import Random

from agent.simulator.ber import Oid, Tag, Value, VarBind
from agent.simulator.printer import PRT
from agent.simulator.quirk import Answer, changed, quirk

_LEVELS: tuple[Oid, ...] = ((*PRT, 11, 1, 1, 9), (*PRT, 8, 2, 1, 10))


@quirk()
def levels_as_text(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Levels of supplies and trays come as text: "45"."""

    def spelt(varbind: VarBind) -> VarBind:
        oid, value = varbind
        if value.tag == Tag.INTEGER and any(oid[: len(column)] == column for column in _LEVELS):
            return oid, Value(Tag.OCTETS, str(value.content).encode())
        return varbind

    return lambda request, now: changed(answer(request, now), spelt)


@quirk()
def unsigned(answer: Answer, _amount: float, _luck: Random) -> Answer:
    """Negative numbers come as unsigned ones: -3 as 4294967293."""

    def turned(varbind: VarBind) -> VarBind:
        oid, value = varbind
        if value.tag == Tag.INTEGER and isinstance(value.content, int) and value.content < 0:
            return oid, Value(Tag.GAUGE32, value.content + (1 << 32))
        return varbind

    return lambda request, now: changed(answer(request, now), turned)
