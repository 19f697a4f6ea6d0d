"""Merge two snapshots of one printer, over SNMP and over IPP for example. Pure.

The values of the first have precedence; the second fills gaps. Snapshots with different serial numbers or
UUIDs are not merged: then another device answers at one of the two ports.
"""

from dataclasses import fields, replace

from agent.core.model import Identity, Snapshot

MERGED_PARTS = ("status", "alerts", "supplies", "inputs", "outputs", "meters")


def is_same_printer(one: Identity | None, other: Identity | None) -> bool:
    """Report that serial number and UUID do not contradict each other."""
    pairs = [(getattr(one, name, None), getattr(other, name, None)) for name in ("serial", "uuid")]
    equal = [left.casefold() == right.casefold() for left, right in pairs if left and right]
    return equal[0] if equal else True


def fill_from_ipp(first: Snapshot, second: Snapshot) -> Snapshot:
    """Fill the gaps of the first snapshot from the second; each value keeps its source."""
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
    """List the parts that are empty in a snapshot."""
    return [name for name in MERGED_PARTS if not getattr(snapshot, name)]


def _fill_identity(first: Identity | None, second: Identity | None) -> Identity | None:
    """Fill the empty fields of the first identity from the second; None where the first was not read."""
    if first is None or second is None:
        return first
    missing = {one.name: getattr(second, one.name) for one in fields(first) if not getattr(first, one.name)}
    return replace(first, **{name: value for name, value in missing.items() if value})
