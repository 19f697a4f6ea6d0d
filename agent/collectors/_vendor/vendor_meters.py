"""Reads the makers' own meters, object by object and column by column as the fitting profiles list them.

    profiles ──► MeterQuery ──one reading──► MeterReplies ──decoders──► Meter, Meter, …

Of two answered rows for the same metric and part the one with the higher confidence counts; of equals,
the first in the profile. Only objects that a row names are read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.collectors import decoders
from agent.collectors._printer_mib.mib_reader import MibReader
from agent.collectors._vendor.meter_definitions import (
    MeterRow,
    MeterSpec,
    PackedMeter,
    PackedReply,
    fits_model,
)
from agent.collectors._vendor.strict_records import SourceConfidence
from agent.collectors._vendor.vendor_profiles import Profile
from agent.collectors.decoders._count import SCALAR_INDEX, DecodedCount, RowIndex, parse_count
from agent.core import plugins
from agent.core.model import Meter, Trust
from agent.snmp.oid import encode_arcs, format_oid, oid
from agent.snmp.reader import SnmpValue

TRUST_BY_CONFIDENCE = {"A": Trust.MEASURED, "B": Trust.MEASURED, "C": Trust.UNVERIFIED}


@dataclass(frozen=True, slots=True)
class MeterQuery:
    """The rows of some profiles that fit one model."""

    rows: tuple[MeterRow, ...] = ()
    packed: tuple[PackedReply, ...] = ()

    @classmethod
    def for_model(cls, profiles: Iterable[Profile], model: str | None) -> "MeterQuery":
        profiles = list(profiles)
        return cls(
            tuple(row for one in profiles for row in one.meter if fits_model(row.models, model)),
            tuple(row for one in profiles for row in one.packed if fits_model(row.models, model)),
        )

    @classmethod
    def for_levels(cls, profiles: Iterable[Profile], model: str | None) -> "MeterQuery":
        """Select the rows that tell what is left of a supply in percent."""
        every = cls.for_model(profiles, model)
        packed = tuple(row for row in every.packed if any(map(_is_level, row.meter)))
        return cls(tuple(filter(_is_level, every.rows)), packed)

    @property
    def objects(self) -> dict[bytes, None]:
        """The objects to GET, in the order of the profile."""
        alone = (row.oid for row in self.rows)
        inside = (place for packed in self.packed for place in packed.objects.values())
        return dict.fromkeys(oid(place) for place in (*alone, *inside))

    @property
    def columns(self) -> dict[bytes, None]:
        """The columns to walk."""
        return dict.fromkeys(oid(place) for packed in self.packed for place in packed.columns.values())


@dataclass(slots=True)
class MeterReplies:
    """The values received, by raw OID."""

    objects: Mapping[bytes, SnmpValue] = field(default_factory=dict)
    columns: Mapping[bytes, Mapping[RowIndex, SnmpValue]] = field(default_factory=dict)

    def decoder_input(self, packed: PackedReply) -> dict[str, Mapping[RowIndex, SnmpValue]]:
        """Select the values that one decoder gets."""
        alone = {name: self.objects.get(oid(place)) for name, place in packed.objects.items()}
        return {
            **{name: {SCALAR_INDEX: value} for name, value in alone.items() if value is not None},
            **{name: self.columns.get(oid(place), {}) for name, place in packed.columns.items()},
        }


async def read_vendor_meters(
    reading: MibReader, profiles: Sequence[Profile], model: str | None
) -> tuple[Meter, ...]:
    """Read the meters in the objects of the printer's maker."""
    return await _read_query(reading, MeterQuery.for_model(profiles, model))


async def read_vendor_levels(
    reading: MibReader, profiles: Sequence[Profile], model: str | None
) -> tuple[Meter, ...]:
    """Read the meters that tell what is left of a supply, in percent."""
    return await _read_query(reading, MeterQuery.for_levels(profiles, model))


def _is_level(counted: MeterSpec) -> bool:
    return counted.metric == "remaining" and counted.unit == "percent"


async def _read_query(reading: MibReader, wanted: MeterQuery) -> tuple[Meter, ...]:
    objects = await reading.get(wanted.objects) if wanted.objects else {}
    columns = await reading.walk_columns(*wanted.columns) if wanted.columns else {}
    problems: list[str] = []
    found = decode_meters(wanted, MeterReplies(objects, columns), problems)
    for problem in problems:
        reading.note_problem(problem)
    return found


def decode_meters(wanted: MeterQuery, answers: MeterReplies, problems: list[str]) -> tuple[Meter, ...]:
    """Decode the replies; pure. A reply that cannot be decoded adds one sentence to `problems`."""
    found = [*_decode_objects(wanted.rows, answers.objects)]
    for packed in wanted.packed:
        try:
            found += _decode_packed(packed, answers)
        except ValueError as why:
            place = next(iter({**packed.objects, **packed.columns}.values()))
            problems.append(f"meters: {place} is no {packed.decoder.replace('_', ' ')} reply: {why}")
    found.sort(key=lambda meter: meter.confidence or "")  # stable: equals stay in the profile's order
    named: dict[tuple[str, str | None], Meter] = {}
    for meter in found:
        named.setdefault((meter.name, meter.part), meter)
    return tuple(named.values())


def _decode_objects(rows: Iterable[MeterRow], objects: Mapping[bytes, SnmpValue]) -> Iterator[Meter]:
    for row in rows:
        count = parse_count(objects.get(oid(row.oid)))
        if count is not None:
            yield _build_meter(row, count, row.oid, row.confidence)


def _decode_packed(packed: PackedReply, answers: MeterReplies) -> list[Meter]:
    counts = plugins.load_plugin(decoders, packed.decoder).decode(answers.decoder_input(packed))
    meters = (_map_count(packed, count) for count in counts)
    return [meter for meter in meters if meter is not None]


def _map_count(packed: PackedReply, count: DecodedCount) -> Meter | None:
    """Build the meter of a count; None for a key that the profile does not list."""
    for meaning in packed.meter:
        if meaning.matches_key(count.key):
            return _convert_count(packed, meaning, count, meaning.confidence or packed.confidence)
    for meaning in packed.meter:
        if meaning.row is not None and meaning.row == count.row:
            return _convert_count(packed, meaning, count, "C")
    return None


def _convert_count(
    packed: PackedReply, meaning: PackedMeter, count: DecodedCount, confidence: SourceConfidence
) -> Meter:
    value = (2 * count.value + meaning.divide) // (2 * meaning.divide)  # rounded half up
    return _build_meter(meaning, value, _source_oid(packed, count), confidence)


def _source_oid(packed: PackedReply, count: DecodedCount) -> str:
    """Format the OID of a row, or that of the object with the key of the record in it."""
    if count.name in packed.columns:
        return format_oid(oid(packed.columns[count.name]) + encode_arcs(*count.place))
    return f"{packed.objects[count.name]}#{count.key}"


def _build_meter(counted: MeterSpec, value: int, source: str, confidence: SourceConfidence) -> Meter:
    return Meter(
        name=counted.metric,
        value=value,
        unit=counted.unit,
        part=counted.part,
        source=source,
        trust=TRUST_BY_CONFIDENCE[confidence],
        confidence=confidence,
    )
