"""The keys that are read at the start only. An edit of any other key takes effect while the service runs.

`config.example.toml` lists the same keys; so does the log, when one of them was edited.
"""

from collections.abc import Iterator
from typing import Any

from agent.config import Config, ConfigSection

AT_START = (
    "site",
    "provider",
    "target",
    "snmp",
    "ipp",
    "cups",
    "collectors",
    "mdns",
    "traps",
    "rules",
    "contracts",
    "egress",
    "storage",
    "log",
    "schedule.sweep",
    "schedule.heartbeat",
    "schedule.feedback",
)


def keep_started(running: Config, edited: Config) -> tuple[Config, list[str]]:
    """Return `edited` with the running value of each start-up key, and the start-up keys that differ."""
    waiting = [key for key in _changed(running, edited) if _read_at_start(key)]
    kept: dict[str, Any] = {}
    for key in waiting:
        section, _, name = key.partition(".")
        old, new = getattr(running, section), kept.get(section, getattr(edited, section))
        kept[section] = new.model_copy(update={name: getattr(old, name)}) if name else old
    return edited.model_copy(update=kept), waiting


def _changed(one: Config, other: Config) -> Iterator[str]:
    """Yield the keys whose values differ: "snmp.timeout", or "network" for a list of tables."""
    for section in Config.model_fields:
        before, after = getattr(one, section), getattr(other, section)
        if isinstance(before, ConfigSection):
            names = type(before).model_fields
            yield from (f"{section}.{it}" for it in names if getattr(before, it) != getattr(after, it))
        elif before != after:
            yield section


def _read_at_start(key: str) -> bool:
    return key in AT_START or key.partition(".")[0] in AT_START
