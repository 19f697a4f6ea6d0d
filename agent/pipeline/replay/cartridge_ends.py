"""How each cartridge of a printer ended, from its recorded levels and replacements."""

from collections.abc import Iterator

from agent.core.model import Supply, compute_percent
from agent.history.device_history import EMPTY_SERIES, DeviceHistory
from agent.rules.backtest.order_figures import CartridgeEnd


def list_cartridge_ends(past: DeviceHistory, since: float) -> Iterator[CartridgeEnd]:
    """List the cartridges that ended at or after `since`, supply by supply, by time."""
    for supply in past.supplies:
        if supply.kind != "receptacle":
            yield from (it for it in _ends_of_supply(past, supply) if it.ended >= since)


def _ends_of_supply(past: DeviceHistory, supply: Supply) -> Iterator[CartridgeEnd]:
    changes = [it.at for it in past.replacements if it.detail == supply.index]
    times, values = past.levels.get(supply.index, EMPTY_SERIES)
    device, key, place = past.device.key, supply.key, 0
    for changed in [*changes, None]:
        level: object = None
        emptied: float | None = None
        while place < len(times) and (changed is None or times[place] < changed):
            level = values[place]
            emptied = None if level != 0 else times[place] if emptied is None else emptied
            place += 1
        if changed is not None:
            percent = compute_percent(level, supply.capacity) if isinstance(level, int) else None
            yield CartridgeEnd(device=device, subject=key, changed=changed, left=percent, emptied=emptied)
        elif emptied is not None:
            yield CartridgeEnd(device=device, subject=key, emptied=emptied)
