"""The base of the forms of a vendor profile: strict records, OIDs and patterns checked as they load."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from agent.snmp.oid import oid

FORBIDDEN_BRANCHES = ("1.3.6.1.4.1.236.11.5.11.81.10",)
"""Branches that hold credentials: no profile may read there, nor walk a branch above one."""

MIN_COLUMN_DEPTH = 4  # arcs below the enterprise's number that a walked column must name

SourceConfidence = Literal["A", "B", "C"]
"""A: two independent sources, or checked against the panel; B: one that is kept up; C: one weak source."""


def check_oid(text: str) -> str:
    oid(text)
    if leak := next((branch for branch in FORBIDDEN_BRANCHES if f"{text}.".startswith(f"{branch}.")), None):
        raise ValueError(f"{text} lies below {leak}, which holds credentials | it is never read")
    return text


def check_column(text: str) -> str:
    """Check a column to walk: one of a table, not a maker's whole tree."""
    check_oid(text)
    arcs = text.removeprefix("1.3.6.1.4.1.").split(".")
    if len(arcs) <= MIN_COLUMN_DEPTH or any(
        f"{branch}.".startswith(f"{text}.") for branch in FORBIDDEN_BRANCHES
    ):
        raise ValueError(
            f"{text} is a whole branch | name the column of one table: no tree is walked blindly"
        )
    return text


def _check_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as why:
        raise ValueError(f"not a regular expression: {why}") from None
    return text


OidText = Annotated[str, AfterValidator(check_oid)]
ColumnOid = Annotated[str, AfterValidator(check_column)]
RegexText = Annotated[str, AfterValidator(_check_pattern)]


class ProfileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
