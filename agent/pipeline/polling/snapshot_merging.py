"""Merge two snapshots of one printer, over SNMP and over IPP for example. Pure.

The values of the first have precedence; the second fills gaps. Snapshots with different serial numbers or
UUIDs are not merged: then another device answers at one of the two ports.
"""

import re
from dataclasses import fields, replace

from agent.collectors import _supply_levels
from agent.core.model import Identity, Snapshot

_MODEL_NUMBER = re.compile(r"\d{2,}")  # "507" of "LaserJet M507dn": spelled alike over SNMP and IPP

MERGED_PARTS = ("status", "alerts", "supplies", "inputs", "outputs", "meters")


def is_same_printer(one: Identity | None, other: Identity | None) -> bool:
    """Report that serial number, UUID or, without both, the model do not contradict each other."""
    pairs = [(getattr(one, name, None), getattr(other, name, None)) for name in ("serial", "uuid")]
    equal = [left == right for left, right in (map(_comparable, pair) for pair in pairs) if left and right]
    return equal[0] if equal else _may_be_one_model(one, other)


def _comparable(text: str | None) -> str:
    """Return a serial number or UUID without the zeros that HP writes in front on one way only."""
    return (text or "").casefold().lstrip("0")


def _may_be_one_model(one: Identity | None, other: Identity | None) -> bool:
    """Report that the makers are the same, if known, and that the names of the models share a number."""
    if one is None or other is None:
        return True
    if one.vendor and other.vendor and one.vendor.casefold() != other.vendor.casefold():
        return False
    numbers = [set(_MODEL_NUMBER.findall((identity.model or "").casefold())) for identity in (one, other)]
    return not all(numbers) or bool(numbers[0] & numbers[1])


def fill_from_ipp(first: Snapshot, second: Snapshot) -> Snapshot:
    """Fill the gaps of the first snapshot from the second; each value keeps its source."""
    filled = {
        name: getattr(second, name)
        for name in missing_parts(first)
        if getattr(second, name) and not getattr(first, name)
    }
    levels = _supply_levels.fill_from_supplies(first.supplies or (), second.supplies or ())
    identity = _fill_identity(first.identity, second.identity)
    if not filled and not levels and identity == first.identity:
        return first
    sources = {
        key: source
        for key, source in second.sources.items()
        if key.partition(".")[0] in {*missing_parts(first), "identity"}
    }
    if levels:
        filled["supplies"] = _supply_levels.replace_supplies(first.supplies or (), levels)
    numbers = {f"supplies.{index}.level": one.level_source for index, one in levels.items()}
    return replace(
        first,
        via=f"{first.via}+{second.via}",
        certificate=second.certificate or first.certificate,
        certificate_until=second.certificate_until or first.certificate_until,
        identity=identity,
        problems=(*first.problems, *second.problems),
        sources={**sources, **first.sources, **numbers},
        **filled,
    )


def missing_parts(snapshot: Snapshot) -> list[str]:
    """List the parts that are empty in a snapshot, or supplies some of which have no number."""
    vague = any(map(_supply_levels.is_vague, snapshot.supplies or ()))
    return [name for name in MERGED_PARTS if not getattr(snapshot, name) or (name == "supplies" and vague)]


def _fill_identity(first: Identity | None, second: Identity | None) -> Identity | None:
    """Fill the empty fields of the first identity from the second; None where the first was not read."""
    if first is None or second is None:
        return first
    missing = {one.name: getattr(second, one.name) for one in fields(first) if not getattr(first, one.name)}
    return replace(first, **{name: value for name, value in missing.items() if value})
