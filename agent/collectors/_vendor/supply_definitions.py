"""The form of a maker's own table of supplies in a profile: one row for each supply.

    [[supply]]
    columns = { description = "1.3.6.1.4.1.367.3.2.1.2.24.1.1.3", level = "1.3.6.1.4.1.367.3.2.1.2.24.1.1.5" }
    type = "toner"                           # of all rows; or a column of numbers, with `types`
    unit = "percent"                         # of the level; without it, a column `capacity` says what is full
    codes = { "-100" = "low" }               # levels that are no number, beside -1, -2 and -3 of the MIB
    colours = { "1" = "black" }              # by the row, where no word names one; unverified
    join = "colour"                          # which row of the Printer MIB it is: of this kind and colour, or
                                             # "row": of this number
    source = "Checkmk printer_supply_ricoh"
    confidence = "B"

Levels are read where the standard's have no number, or where the Printer MIB has no supplies at all; serials
and part numbers with the inventory.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from agent.collectors._printer_mib import labels
from agent.collectors._vendor.strict_records import ColumnOid, ProfileModel, RegexText, SourceConfidence

SupplyColumn = Literal["description", "colour", "type", "level", "capacity", "serial", "part_number"]
LevelWord = Literal["some_left", "low", "empty", "unknown", "other"]
"""What a code says of a level. `empty` is 0; the others are no number."""

MARKS = frozenset({"serial", "part_number"})


class SupplyTable(ProfileModel):
    """Columns of a maker's table of supplies, and the meaning of their values."""

    columns: Mapping[SupplyColumn, ColumnOid] = Field(min_length=1)
    type: str | None = None
    types: Mapping[str, str] = Field(default_factory=dict)
    unit: Literal["percent"] | None = None
    codes: Mapping[str, LevelWord] = Field(default_factory=dict)
    colours: Mapping[str, str] = Field(default_factory=dict)
    join: Literal["colour", "row"] = "colour"
    models: RegexText | None = None
    source: str = Field(min_length=3)
    confidence: SourceConfidence

    @property
    def has_levels(self) -> bool:
        return "level" in self.columns

    @property
    def has_marks(self) -> bool:
        """True if it names cartridges: by serial or part number."""
        return bool(MARKS & self.columns.keys())

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        known = frozenset(labels.SUPPLY_TYPE.values())
        wrong = next((it for it in (*self.types.values(), self.type or "other") if it not in known), None)
        if wrong is not None:
            raise ValueError(f'no type of supply is called "{wrong}" | see PrtMarkerSuppliesTypeTC')
        if not self.has_levels and not self.has_marks:
            raise ValueError("it has neither levels nor serials | name a column level, serial or part_number")
        if self.has_levels and self.unit is None and "capacity" not in self.columns:
            raise ValueError('a level needs what is full | unit = "percent", or a column capacity')
        return self
