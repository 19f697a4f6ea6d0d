"""Two answers about one printer, one over SNMP and one over IPP for example, become one snapshot. Pure.

The first's word stands wherever it has one; the second fills what it left open. Nothing is merged across a
serial number or UUID that contradicts: then another device answers at one of the two ports.
"""

from dataclasses import fields, replace

from agent.core.model import Identity, Snapshot

MERGED_PARTS = ("status", "alerts", "supplies", "inputs", "outputs", "meters")


def is_same_printer(one: Identity | None, other: Identity | None) -> bool:
    """Whether no serial number or UUID says that these are two printers."""
    pairs = [(getattr(one, name, None), getattr(other, name, None)) for name in ("serial", "uuid")]
    told = [left.casefold() == right.casefold() for left, right in pairs if left and right]
    return told[0] if told else True


def fill_from_ipp(first: Snapshot, second: Snapshot) -> Snapshot:
    """What the first says, with the second's word where it says nothing; each value keeps its source."""
    filled = {name: getattr(second, name) for name in missing_parts(first) if getattr(second, name)}
    identity = _fill_identity(first.identity, second.identity)
    if not filled and identity == first.identity:
        return first
    sources = {
        key: source
        for key, source in second.sources.items()
        if key.partition(".")[0] in {*filled, "identity"}
    }
    return replace(
        first,
        via=f"{first.via}+{second.via}",
        certificate=second.certificate or first.certificate,
        identity=identity,
        problems=(*first.problems, *second.problems),
        sources={**sources, **first.sources},
        **filled,
    )


def missing_parts(snapshot: Snapshot) -> list[str]:
    """The parts that a snapshot says nothing of."""
    return [name for name in MERGED_PARTS if not getattr(snapshot, name)]


def _fill_identity(first: Identity | None, second: Identity | None) -> Identity | None:
    """The first's identity, its empty fields filled by the second. None where the first was not asked."""
    if first is None or second is None:
        return first
    missing = {one.name: getattr(second, one.name) for one in fields(first) if not getattr(first, one.name)}
    return replace(first, **{name: value for name, value in missing.items() if value})
