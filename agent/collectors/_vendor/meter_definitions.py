"""The form of meters in a profile: OID -> (metric, part, unit), with source and confidence.

    [[meter]]                                # one object, one number
    metric = "mono"
    part = "copy"                            # where the metric has parts
    unit = "impressions"                     # the default
    oid = "1.3.6.1.4.1.1347.42.3.1.2.1.1.2.1"
    models = "TASKalfa|ECOSYS M"             # only these models; all without it
    source = "GLPI, Zabbix, printmaster"
    confidence = "A"

    [[packed]]                               # several numbers in one encoded reply
    decoder = "typed_rows"                   # a file of `decoders/`: bytes in, keys and values out
    columns = { type = "1.3.6.1.4.1.367.3.2.1.2.19.5.1.2", value = "1.3.6.1.4.1.367.3.2.1.2.19.5.1.9" }
    source = "GLPI Ricoh.pm"
    confidence = "B"
    [[packed.meter]]
    key = "10"                               # the decoder's key; a pattern for the whole of it
    metric = "total"

A value of confidence C is shown as unverified and never billed on.
"""

import re
from collections.abc import Mapping
from typing import Literal, Self, TypeVar

from pydantic import Field, model_validator

from agent.collectors import decoders
from agent.collectors._vendor.strict_records import (
    ColumnOid,
    OidText,
    ProfileModel,
    RegexText,
    SourceConfidence,
)
from agent.core import plugins

Metric = Literal[
    "total", "mono", "colour", "single_colour", "two_colour", "a3", "small", "long",
    "print", "copy", "fax", "scan", "other", "duplex", "simplex", "sheets", "feeder",
    "length", "area", "jams", "used", "remaining", "pages_left", "state",
]  # fmt: skip
MeterUnit = Literal[
    "impressions", "sheets", "images", "a4", "percent", "feet", "meters", "hours", "times", "items", "code",
]  # fmt: skip
"""`a4`: impressions converted to A4 by the printer; `images`: scanned sides; `code`: a state, no amount."""


class MeterSpec(ProfileModel):
    """The metric, part and unit of one number."""

    metric: Metric
    part: str | None = None
    unit: MeterUnit = "impressions"


class MeterRow(MeterSpec):
    """One private object that is a meter."""

    oid: OidText
    models: RegexText | None = None
    source: str = Field(min_length=3)
    confidence: SourceConfidence

    @model_validator(mode="after")
    def _check_total(self) -> Self:
        return _refuse_weak_total(self, self.confidence)


class PackedMeter(MeterSpec):
    """The meaning of one key of a packed reply."""

    key: RegexText
    row: int | None = None  # the row's number, for a name in no known language: unverified
    divide: int = Field(1, ge=1)
    confidence: SourceConfidence | None = None  # where it differs from that of the reply

    def matches_key(self, key: str) -> bool:
        return re.fullmatch(self.key, key, re.IGNORECASE) is not None


class PackedReply(ProfileModel):
    """Objects, or columns of a table, that a decoder turns into keys and values."""

    decoder: str
    objects: Mapping[str, OidText] = Field(default_factory=dict)
    columns: Mapping[str, ColumnOid] = Field(default_factory=dict)
    models: RegexText | None = None
    source: str = Field(min_length=3)
    confidence: SourceConfidence
    meter: tuple[PackedMeter, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _check_reply(self) -> Self:
        known = plugins.list_plugins(decoders)
        if self.decoder not in known:
            raise ValueError(f'no decoder is called "{self.decoder}" | there are: {", ".join(known)}')
        if bool(self.objects) == bool(self.columns):
            raise ValueError("a packed reply has either objects or columns | name them by what they hold")
        for meaning in self.meter:
            _refuse_weak_total(meaning, meaning.confidence or self.confidence)
        return self


C = TypeVar("C", bound=MeterSpec)


def _refuse_weak_total(counted: C, confidence: SourceConfidence) -> C:
    """Refuse a total from one weak source: it would have the same name as the standard's total."""
    if confidence == "C" and counted.metric == "total" and counted.part is None:
        raise ValueError('a total of confidence C needs a part | say which total it is, as in part = "panel"')
    return counted


def fits_model(models: str | None, model: str | None) -> bool:
    """Tell if a row for `models` applies to `model`; a row for certain models does not fit an unknown one."""
    return models is None or (model is not None and re.search(models, model, re.IGNORECASE) is not None)
