"""Many pages are printed, the toner was not full, and is not replaced.

From 30 % it is below 10 % within seven hours and at its last few percent before ten.
"""

from random import Random

from agent.simulator.model import PrinterModel, SupplyKind
from agent.simulator.scenario import ExpectedTicket, Scenario, Unplayable

START_SHARE = 0.30
SHARE_PER_HOUR = 0.03


def build_scenario(make: PrinterModel, _luck: Random) -> Scenario:
    kinds = {SupplyKind.TONER, SupplyKind.TONER_CARTRIDGE}
    rows = enumerate(make.parts, start=1)
    found = [(row, part) for row, part in rows if part.kind in kinds and part.colour == "black"]
    if not found:
        raise Unplayable(f"{make.name} has no black toner")
    row, part = found[0]
    return Scenario(
        about="black toner runs down",
        expected_ticket=ExpectedTicket(fault="supply.low", component="toner:black"),
        pages_per_hour=SHARE_PER_HOUR * part.pages,
        left={row: START_SHARE},
    )
