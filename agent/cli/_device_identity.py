"""`printwarden devices list`, `merge`, `split`: the proof of each printer, and decisions about identities."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    import sqlite3

    from agent.core.model import Device

KEY_PREFIXES = ("sn:", "mac:", "uuid:", "eng:", "at:")
KeyArgument = Annotated[str, typer.Argument(metavar="DEVICE", help="A key: sn:VHB8912345, mac:001122334455.")]
Reason = Annotated[str, typer.Option("--reason", help="Shown by `devices list`, and kept in the audit log.")]


def list_devices(config: _common.ConfigFile = None, as_json: _common.AsJson = False) -> None:
    """Show each printer with the proof that its readings are its own, and what it replaces.

    `unproved`: nothing in its answers proves which printer it is; its model, name and place have to do.

    Example: printwarden devices list
    """
    from agent.core import store
    from agent.discovery import decisions, inventory

    with closing(store.open_reader(_common.load_settings(config).database_path)) as db:
        devices = list(inventory.load_devices(db).values())
        rows = [_device_row(db, device) for device in devices]
        made, findings = decisions.load_decisions(db), decisions.load_findings(db)
    if as_json:
        _common.print_json(
            {
                "devices": rows,
                "decisions": [asdict(one) for one in made],
                "findings": [asdict(one) for one in findings],
            }
        )
        return
    columns = (
        "key",
        "printer",
        "address",
        "proof",
        "trust",
        "replaces",
        "moved from",
        "displaced by",
        "addresses",
    )
    _common.print_table(
        counted(len(rows), "printer"), columns, ([row[name] for name in columns] for row in rows)
    )
    if made:
        names = ("kind", "device", "other", "reason")
        _common.print_table("\nDecisions", names, ([getattr(one, name) for name in names] for one in made))
    if findings:
        headings = ("device", "other", "finding", "what to do")
        _common.print_table("\nFindings", headings, _finding_rows(findings))


def merge_devices(
    device: KeyArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The key that is the same printer.")],
    reason: Reason = "merged by hand",
    config: _common.ConfigFile = None,
) -> None:
    """Book the readings of OTHER to DEVICE from now on: they are one printer with two network cards.

    `devices split` undoes it. The service must not be running: it owns the state file.

    Example: printwarden devices merge sn:VHB8912345 mac:001122334455
    """
    decide_identity("merge", device, other, reason, config)


def split_devices(
    device: KeyArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The key that is another printer.")],
    reason: Reason = "split by hand",
    config: _common.ConfigFile = None,
) -> None:
    """Keep DEVICE and OTHER apart from now on, and undo their merge.

    `devices merge` undoes it. The service must not be running: it owns the state file.

    Example: printwarden devices split sn:VHB8912345 mac:001122334455
    """
    decide_identity("split", device, other, reason, config)


def decide_identity(kind: str, device: str, other: str, reason: str, config: _common.ConfigFile) -> None:
    """Write one decision to the state and to the audit log."""
    from agent.app import MIGRATIONS
    from agent.core import audit
    from agent.core.clock import Clock
    from agent.core.store import Store
    from agent.discovery import decisions

    database, now = _common.load_settings(config).database_path, Clock().now()
    with closing(Store(database, MIGRATIONS)) as store, store.transaction() as tx:
        for key in filter(None, (device, other)):
            _require_key(tx, key)
        if kind == "trust":
            decisions.trust_device(tx, device, reason, now)
        else:
            change = decisions.merge_devices if kind == "merge" else decisions.split_devices
            change(tx, device, other, reason, now)
    audit.append_entry(database.parent, f"devices {kind}", device=device, other=other, reason=reason)
    _common.out.print(f"{kind}: {device} {other}".rstrip())


def _require_key(tx: "sqlite3.Connection", key: str) -> None:
    from agent.discovery import decisions, inventory

    merged = {
        one.other for one in decisions.load_decisions(tx)
    }  # an automatic merge leaves no device of that key
    if inventory.load_device(tx, key) is None and key not in merged:
        raise typer.BadParameter(f"there is no printer {key}: see `printwarden devices list`")


def _device_row(db: "sqlite3.Connection", device: "Device") -> dict[str, Any]:
    from agent.discovery import decisions, inventory

    further = ", ".join(str(place) for place in inventory.load_second_addresses(db, device.key))
    merged = decisions.find_merge_target(db, device.key)
    return {
        "key": device.key,
        "printer": device.name,
        "address": str(device.address) if device.address.host else None,
        "proof": device.proof or None,
        "trust": f"merged into {merged}" if merged else device.trust,
        "replaces": device.replaces,
        "moved from": device.moved_from,
        "displaced by": device.displaced_by,
        "addresses": further or None,
    }


def _finding_rows(findings: list[Any]) -> Iterator[tuple[str, ...]]:
    for one in findings:
        advice = f"devices merge {one.device} {one.other}, or devices trust {one.device}"
        if one.other.startswith("at:") and "@" not in one.other:  # an address, and no device of its own
            host = one.other.removeprefix("at:")
            advice = f"look at what answers at {host}; then devices trust {one.device}"
        yield one.device, one.other, one.reason, advice
