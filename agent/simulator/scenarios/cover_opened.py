"""Somebody opens the front cover for forty minutes and closes it again. Nobody needs to come."""

from random import Random

from agent.simulator.model import Make
from agent.simulator.scenario import COVER, CRITICAL, HOUR, MINUTE, UNTRAINED, Row, Spell, Story

FRONT = 1

OPEN = Row(
    code=3,  # coverOpen
    group=COVER,
    group_index=FRONT,
    severity=CRITICAL,
    training=UNTRAINED,
    text="Close the front cover",
)


def tell(_make: Make, luck: Random) -> Story:
    begins = luck.uniform(5, 6) * HOUR
    opened = Spell(begins=begins, ends=begins + 40 * MINUTE, row=OPEN, bits=("doorOpen",), cover=FRONT)
    return Story(about="its cover is opened for 40 minutes", spells=(opened,), pages_per_hour=20.0)
