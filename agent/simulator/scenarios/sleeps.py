"""It sleeps whenever nobody prints, and needs a while to answer the first question.

Its alert table is never empty: as some makers have it, the last power-up and the fuser being cold
stand there for good, and mean nothing. Asleep is "running" and "other" (RFC 3805, section
2.2.13.2.1), which is not "down" and "other".
"""

from random import Random

from agent.simulator.model import Make
from agent.simulator.scenario import (
    DAY,
    GENERAL,
    HORIZON,
    HOUR,
    MANAGEMENT,
    MARKER,
    UNTRAINED,
    WARNING,
    WARNING_BINARY,
    Row,
    Spell,
    Story,
)

POWER_UP = Row(
    code=503, group=GENERAL, group_index=1, severity=WARNING, training=MANAGEMENT, text="", location=0
)
COLD_FUSER = Row(
    code=1001,  # markerFuserUnderTemperature
    group=MARKER,
    group_index=1,
    severity=WARNING_BINARY,
    training=UNTRAINED,
    text="",
    location=0,
)


def tell(_make: Make, _luck: Random) -> Story:
    rows = (
        Spell(begins=-5 * DAY, row=POWER_UP, permanent=True),
        Spell(begins=-2 * HOUR, row=COLD_FUSER, permanent=True),
        Spell(begins=-2 * HOUR, row=COLD_FUSER, permanent=True),  # this maker lists it twice
    )
    naps = (
        Spell(begins=day + from_hour * HOUR, ends=day + to_hour * HOUR, asleep=True)
        for day in range(0, int(HORIZON), int(DAY))
        for from_hour, to_hour in ((1.0, 8.0), (10.5, 13.0), (15.0, 23.0))
    )
    return Story(about="it sleeps, and wakes slowly", spells=(*rows, *naps), quirks=("sleepy=18",))
