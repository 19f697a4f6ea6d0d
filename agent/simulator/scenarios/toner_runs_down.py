"""A lot is printed, the toner was not full, and nobody swaps it.

From 30 % it is below 10 % within seven hours and at its last few percent before ten.
"""

from random import Random

from agent.simulator.model import Kind, Make
from agent.simulator.scenario import Promise, Story, Unplayable

STARTS = 0.30
SHARE_PER_HOUR = 0.03


def tell(make: Make, _luck: Random) -> Story:
    kinds = {Kind.TONER, Kind.TONER_CARTRIDGE}
    rows = enumerate(make.parts, start=1)
    found = [(row, part) for row, part in rows if part.kind in kinds and part.colour == "black"]
    if not found:
        raise Unplayable(f"{make.name} has no black toner")
    row, part = found[0]
    return Story(
        about="black toner runs down",
        promise=Promise(fault="supply.low", component="toner:black"),
        pages_per_hour=SHARE_PER_HOUR * part.pages,
        left={row: STARTS},
    )
