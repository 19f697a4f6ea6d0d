"""What the tickets of a span cost: visits, cartridges, money. Pure.

# costs.toml, on the admin's own machine: a dealer's prices do not lie at the customer's
currency = "EUR"
visit = 95.0              # a technician's way to the printer and back
hour = 60.0               # of his work there, and of the service desk
visit_hours = 0.75        # at the printer, on average
ticket_minutes = 10       # of the desk, for each ticket
[cartridge]               # by colour; "other" for colours that are not listed
black = 79.0
cyan = 112.0
other = 90.0
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.core import toml
from agent.core.errors import ConfigError
from agent.rules.backtest.desk_ticket import NOTICE, DeskTicket
from agent.rules.rule import RuleSet

COST_KEYS = frozenset({"currency", "visit", "hour", "visit_hours", "ticket_minutes", "cartridge"})
OTHER = "other"
ADVICE = "keep prices on your own machine, and name their file: printwarden rules diff --costs FILE"


Price = Annotated[float, Field(ge=0)]


class CostTable(BaseModel):
    """A dealer's prices."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    currency: str = Field("", max_length=8)
    visit: float = Field(ge=0)
    hour: float = Field(ge=0)
    visit_hours: float = Field(1.0, ge=0)
    ticket_minutes: float = Field(0.0, ge=0)
    cartridge: dict[str, Price] = Field(default_factory=dict)

    def price_cartridge(self, colour: str) -> float:
        """The price of a cartridge of this colour; 0 where none is given."""
        return self.cartridge.get(colour, self.cartridge.get(OTHER, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFigures:
    """Tickets of one span under one set of rules, counted."""

    tickets: int = 0
    visits: int = 0  # tickets that a technician has to see
    cartridges: Counter[str] = field(default_factory=Counter)  # ordered, by colour

    @property
    def ordered(self) -> int:
        return self.cartridges.total()

    def __add__(self, other: "CostFigures") -> "CostFigures":
        return CostFigures(
            tickets=self.tickets + other.tickets,
            visits=self.visits + other.visits,
            cartridges=self.cartridges + other.cartridges,
        )

    def price_all(self, costs: CostTable) -> float:
        """The money of these tickets."""
        visits = self.visits * (costs.visit + costs.hour * costs.visit_hours)
        desk = self.tickets * costs.hour * costs.ticket_minutes / 60
        return visits + desk + sum(costs.price_cartridge(it) * n for it, n in self.cartridges.items())

    def build_document(self, costs: CostTable | None) -> dict[str, Any]:
        """The figures as data; the money where prices are known."""
        money = {"money": round(self.price_all(costs), 2)} if costs else {}
        colours = dict(sorted(self.cartridges.items()))
        return {"tickets": self.tickets, "visits": self.visits, "cartridges": colours, **money}


def count_costs(tickets: Iterable[DeskTicket], technician_faults: Collection[str]) -> CostFigures:
    """Count what these tickets make: a visit for each that a technician acts on, a cartridge for each order.

    `technician_faults`: the faults that a technician puts right. Notices stay at the site and cost nothing.
    """
    found = [it for it in tickets if it.kind != NOTICE]
    orders = (it.component.partition(":")[2] or OTHER for it in found if it.impact == "supply")
    visits = sum(it.fault in technician_faults and it.impact != "supply" for it in found)
    return CostFigures(tickets=len(found), visits=visits, cartridges=Counter(orders))


def list_technician_faults(rules: RuleSet) -> frozenset[str]:
    """The faults that a technician puts right."""
    return frozenset(name for name, fault in rules.faults.items() if fault.acts == "technician")


def load_costs(path: Path, forbidden: Iterable[Path] = ()) -> CostTable:
    """Load a cost file. `forbidden`: folders of a site, where no prices must lie. Raises ConfigError."""
    for folder in forbidden:
        if folder.resolve() in path.resolve().parents:
            reason = f"prices do not belong into {folder}, which lies at the customer's"
            raise ConfigError.for_file(path, reason, suggestion=ADVICE)
    return toml.validate_document(toml.load_document(path), CostTable)
