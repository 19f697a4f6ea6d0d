"""Two answers about one printer, one over SNMP and one over IPP, become one snapshot. Pure.

SNMP's word stands wherever it has one; IPP fills what it left open. Nothing is merged across a serial
number or UUID that contradicts: then another device answers at one of the two ports.
"""

from dataclasses import fields, replace

from agent.model import Identity, Snapshot

PARTS = ("status", "alerts", "supplies", "inputs", "outputs", "meters")


def same(one: Identity | None, other: Identity | None) -> bool:
    """Whether no serial number or UUID says that these are two printers."""
    pairs = [(getattr(one, name, None), getattr(other, name, None)) for name in ("serial", "uuid")]
    told = [left.casefold() == right.casefold() for left, right in pairs if left and right]
    return told[0] if told else True


def merge(snmp: Snapshot, ipp: Snapshot) -> Snapshot:
    """What SNMP says, with IPP's word where it says nothing; each value keeps its source."""
    filled = {name: getattr(ipp, name) for name in lacking(snmp) if getattr(ipp, name)}
    identity = _filled(snmp.identity, ipp.identity)
    if not filled and identity == snmp.identity:
        return snmp
    sources = {
        key: source for key, source in ipp.sources.items() if key.partition(".")[0] in {*filled, "identity"}
    }
    return replace(
        snmp,
        via="snmp+ipp",
        certificate=ipp.certificate,
        identity=identity,
        problems=(*snmp.problems, *ipp.problems),
        sources={**sources, **snmp.sources},
        **filled,
    )


def lacking(snapshot: Snapshot) -> list[str]:
    """The parts that a snapshot says nothing of."""
    return [name for name in PARTS if not getattr(snapshot, name)]


def _filled(snmp: Identity | None, ipp: Identity | None) -> Identity | None:
    """SNMP's identity with IPP's word in the fields that are empty. None where nobody asked SNMP for it."""
    if snmp is None or ipp is None:
        return snmp
    missing = {one.name: getattr(ipp, one.name) for one in fields(snmp) if not getattr(snmp, one.name)}
    return replace(snmp, **{name: value for name, value in missing.items() if value})
