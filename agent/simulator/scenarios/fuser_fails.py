"""The fuser's thermistor fails in the fourth hour. The printer stops and asks for a technician."""

from random import Random

from agent.simulator.model import Make
from agent.simulator.scenario import CRITICAL, FIELD_SERVICE, HOUR, MARKER, Promise, Row, Spell, Story

FAILURE = Row(
    code=1004,  # markerFuserThermistorFailure
    group=MARKER,
    group_index=1,
    severity=CRITICAL,
    training=FIELD_SERVICE,
    text="Call service: SC542 fuser",
)


def tell(_make: Make, luck: Random) -> Story:
    failed = Spell(begins=luck.uniform(3, 4) * HOUR, row=FAILURE, bits=("serviceRequested",))
    return Story(
        about="the fuser fails",
        promise=Promise(fault="fuser.failure", component="fuser:1"),
        spells=(failed,),
        pages_per_hour=40.0,
    )
