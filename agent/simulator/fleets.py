"""The simulated fleets: the demonstration's devices, and walk files."""

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.simulator import models, other_devices
from agent.simulator.device import SimulatedDevice, UsmUser, build_printer, list_addresses, load_scenario
from agent.simulator.endpoint import MibSource
from agent.simulator.model import PrinterModel
from agent.simulator.scenario import Unplayable
from agent.simulator.walk import StaticDevice, WalkFile, read_walk

BASE = "127.77.0.1"
PORT = 16161
_FAR_OFFSET = 1 << 16

DEMO_USER = UsmUser(
    name="printwarden",
    auth_protocol="SHA256",
    auth_password="simulated-auth",  # noqa: S106 a simulated secret for a simulated printer
    priv_protocol="AES128",
    priv_password="simulated-priv",  # noqa: S106
)

_NEAR: tuple[tuple[PrinterModel, str], ...] = (
    (models.HP_M507, "toner_runs_down"),
    (models.LEXMARK_MS521, "tray_jams"),
    (models.RICOH_C3000, "fuser_fails"),
    (models.KONICA_C308, "cover_opened"),
    (models.KYOCERA_P2040, "sleeps"),
    (models.XEROX_C405, "falls_silent"),
    (models.BROTHER_L5100, "healthy"),
    (models.HP_M480, "healthy"),
    (models.CANON_C3530, "healthy"),
    (models.EPSON_C5790, "healthy"),
)
_FAR: tuple[tuple[PrinterModel, str], ...] = (
    (models.SHARP_3570, "healthy"),
    (models.KYOCERA_3253, "healthy"),
)

_OTHER_DEVICES: Mapping[str, Callable[[], MibSource]] = {
    "a switch": other_devices.build_switch,
    "a power supply": other_devices.build_ups,
    "a scanner": other_devices.build_scanner,
    "a host that answers nothing": other_devices.SilentHost,
}


def build_demo_devices(
    base: str = BASE,
    port: int = PORT,
    *,
    far_base: str | None = None,
    community: str = "public",
    seed: int = 0,
) -> list[SimulatedDevice]:
    """Twelve printers and four other devices: every scenario once, six healthy printers, v1, v2c and v3.

    Ten printers and the other devices live from `base` on, to be found by a sweep. Two healthy printers
    live from `far_base` on (default: 65,536 addresses further) and are meant to be found by their
    announcements only. Raises ValueError if a base is not an IP address.
    """
    far_base = far_base or far_of(base)
    near = list_addresses(base, port, len(_NEAR) + len(_OTHER_DEVICES))
    cast = [
        *zip(_NEAR, near, strict=False),
        *zip(_FAR, list_addresses(far_base, port, len(_FAR)), strict=True),
    ]
    members = [
        _set_versions(build_printer(make, story, address, seed=seed)) for (make, story), address in cast
    ]
    members += [
        SimulatedDevice(address=address, source=source(), name=name)
        for (name, source), address in zip(_OTHER_DEVICES.items(), near[len(_NEAR) :], strict=True)
    ]
    return [replace(member, community=community) for member in members]


def scenario_members(
    scenarios: Sequence[str], base: str = BASE, port: int = PORT, *, named: str = "", seed: int = 0
) -> list[SimulatedDevice]:
    """Return the demonstration's printers with `named` in their names, once for each scenario they can play.

    Raises KeyError for an unknown scenario, ValueError if no printer can play one of them.
    """
    printers = [make for make, _ in (*_NEAR, *_FAR) if named.casefold() in make.name.casefold()]
    pairs = [(make, scenario) for scenario in scenarios for make in printers]
    playing = [(make, scenario) for make, scenario in pairs if _can_play(make, scenario, seed)]
    if missing := set(scenarios) - {scenario for _, scenario in playing}:
        raise ValueError(f"no printer here can play {', '.join(sorted(missing))}")
    places = list_addresses(base, port, len(playing))
    return [
        _set_versions(build_printer(make, scenario, address, seed=seed))
        for (make, scenario), address in zip(playing, places, strict=True)
    ]


def _can_play(make: PrinterModel, scenario: str, seed: int) -> bool:
    try:
        load_scenario(make, scenario, seed=seed)
    except Unplayable:
        return False
    return True


def far_of(base: str) -> str:
    """Return the first address of the far printers of a fleet at `base`, an IP address. Raises ValueError."""
    return str(ipaddress.ip_address(base) + _FAR_OFFSET)


def _set_versions(member: SimulatedDevice) -> SimulatedDevice:
    """Most speak v1 and v2c; one old print server v1 only, one well-kept printer v3 only."""
    if member.make is models.BROTHER_L5100:
        return replace(member, versions=frozenset({"1"}))
    if member.make is models.HP_M480:
        return replace(member, versions=frozenset(), user=DEMO_USER)
    if member.make is models.XEROX_C405:  # switched off by the site
        return replace(member, announced=False)
    return member


def build_walk_devices(
    walks: Iterable[WalkFile | Path | str], base: str = BASE, port: int = PORT, *, community: str = "public"
) -> list[SimulatedDevice]:
    """One device for each walk file, in order, one address each. Raises OSError for an unreadable file.

    Lines that cannot be used are in the `problems` of `read_walk(path)`.
    """
    read = [walk if isinstance(walk, WalkFile) else read_walk(Path(walk)) for walk in walks]
    return [
        SimulatedDevice(
            address=address,
            source=StaticDevice(walk.values),
            name=walk.path.stem,
            about=f"replays {len(walk.values)} values",
            community=community,
        )
        for walk, address in zip(read, list_addresses(base, port, len(read)), strict=True)
    ]
