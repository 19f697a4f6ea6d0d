"""The makers' own meters: asked for object by object and column by column as the fitting profiles say.

    profiles ──wanted──► questions ──one reading──► answers ──decoders──► Meter, Meter, …

Of two rows for the same metric and part the surer one that was answered counts; of equals, the one
that stands first in the profile. Nothing is asked that no row names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.collectors import decoders
from agent.collectors._printer_mib.mib_reader import Reading
from agent.collectors._vendor.meter_definitions import Counted, Meaning, MeterRow, Packed, fits
from agent.collectors._vendor.strict_records import Confidence
from agent.collectors._vendor.vendor_profiles import Profile
from agent.collectors.decoders._count import ALONE, Count, Index, number
from agent.core import plugins
from agent.core.model import Meter, Trust
from agent.snmp.oid import dotted, encode_arcs, oid
from agent.snmp.reader import Value

TRUST = {"A": Trust.MEASURED, "B": Trust.MEASURED, "C": Trust.UNVERIFIED}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows of some profiles that fit one model."""

    rows: tuple[MeterRow, ...] = ()
    packed: tuple[Packed, ...] = ()

    @classmethod
    def of(cls, profiles: Iterable[Profile], model: str | None) -> "Wanted":
        profiles = list(profiles)
        return cls(
            tuple(row for one in profiles for row in one.meter if fits(row.models, model)),
            tuple(row for one in profiles for row in one.packed if fits(row.models, model)),
        )

    @property
    def objects(self) -> dict[bytes, None]:
        """What to GET; a dict for its order."""
        alone = (row.oid for row in self.rows)
        inside = (place for packed in self.packed for place in packed.objects.values())
        return dict.fromkeys(oid(place) for place in (*alone, *inside))

    @property
    def columns(self) -> dict[bytes, None]:
        """What to walk."""
        return dict.fromkeys(oid(place) for packed in self.packed for place in packed.columns.values())


@dataclass(slots=True)
class Answers:
    """What came, by raw OID."""

    objects: Mapping[bytes, Value] = field(default_factory=dict)
    columns: Mapping[bytes, Mapping[Index, Value]] = field(default_factory=dict)

    def told(self, packed: Packed) -> dict[str, Mapping[Index, Value]]:
        """The part that one decoder gets."""
        alone = {name: self.objects.get(oid(place)) for name, place in packed.objects.items()}
        return {
            **{name: {ALONE: value} for name, value in alone.items() if value is not None},
            **{name: self.columns.get(oid(place), {}) for name, place in packed.columns.items()},
        }


async def read(reading: Reading, profiles: Sequence[Profile], model: str | None) -> tuple[Meter, ...]:
    """The meters that the printer tells by its maker's objects."""
    wanted = Wanted.of(profiles, model)
    objects = await reading.get(wanted.objects) if wanted.objects else {}
    columns = await reading.columns(*wanted.columns) if wanted.columns else {}
    problems: list[str] = []
    found = decode(wanted, Answers(objects, columns), problems)
    for problem in problems:
        reading.note(problem)
    return found


def decode(wanted: Wanted, answers: Answers, problems: list[str]) -> tuple[Meter, ...]:
    """What the answers mean; pure. A reply that cannot be decoded adds one sentence to `problems`."""
    found = [*_alone(wanted.rows, answers.objects)]
    for packed in wanted.packed:
        try:
            found += _unpacked(packed, answers)
        except ValueError as why:
            place = next(iter({**packed.objects, **packed.columns}.values()))
            problems.append(f"meters: {place} is no {packed.decoder.replace('_', ' ')} reply: {why}")
    found.sort(key=lambda meter: meter.confidence or "")  # stable: equals stay in the profile's order
    named: dict[tuple[str, str | None], Meter] = {}
    for meter in found:
        named.setdefault((meter.name, meter.part), meter)
    return tuple(named.values())


def _alone(rows: Iterable[MeterRow], objects: Mapping[bytes, Value]) -> Iterator[Meter]:
    for row in rows:
        count = number(objects.get(oid(row.oid)))
        if count is not None:
            yield _meter(row, count, row.oid, row.confidence)


def _unpacked(packed: Packed, answers: Answers) -> list[Meter]:
    counts = plugins.load(decoders, packed.decoder).decode(answers.told(packed))
    meters = (_meant(packed, count) for count in counts)
    return [meter for meter in meters if meter is not None]


def _meant(packed: Packed, count: Count) -> Meter | None:
    """The meter that a count is; None for a key that the profile does not know."""
    for meaning in packed.meter:
        if meaning.names(count.key):
            return _counted(packed, meaning, count, meaning.confidence or packed.confidence)
    for meaning in packed.meter:
        if meaning.row is not None and meaning.row == count.row:
            return _counted(packed, meaning, count, "C")
    return None


def _counted(packed: Packed, meaning: Meaning, count: Count, confidence: Confidence) -> Meter:
    value = (2 * count.value + meaning.divide) // (2 * meaning.divide)  # rounded half up
    return _meter(meaning, value, _source(packed, count), confidence)


def _source(packed: Packed, count: Count) -> str:
    """The OID of a row, or the object's with the key of the record in it."""
    if count.name in packed.columns:
        return dotted(oid(packed.columns[count.name]) + encode_arcs(*count.place))
    return f"{packed.objects[count.name]}#{count.key}"


def _meter(counted: Counted, value: int, source: str, confidence: Confidence) -> Meter:
    return Meter(
        name=counted.metric,
        value=value,
        unit=counted.unit,
        part=counted.part,
        source=source,
        trust=TRUST[confidence],
        confidence=confidence,
    )
