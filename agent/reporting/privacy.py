"""The privacy filter: what leaves the site is less where customer IT says so. Pure.

    message ──► remove, mask ──► outbox
                     └─────────► journal

- Removing and masking come before the outbox: what is removed is in no queue and no journal.
- A removed value is taken out wherever it stands, also within titles and evidence. Keys that must stay the
  same for ever (device_key, dedupe_key) get a fingerprint of it instead.
- Each message says itself what was taken out (`privacy.removed`, `privacy.masked`), so that the provider
  does not take "not told" for "not known".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from agent.core.model import Device
from uplink.events.base import Privacy

REMOVED = "[removed]"
FIELDS = ("ip", "hostname", "mac", "location", "contact", "asset_tag")  # of the message's `device`
KEYS = frozenset({"device_key", "dedupe_key", "subject"})
OURS = frozenset(
    [
        "schema",
        "event",
        "kind",
        "ticket_id",
        "idempotency_key",
        "observed_at",
        "opened_at",
        "agent_id",
        "version",
        "site_id",
        "rule_id",
        "fault_key",
        "impact",
        "severity",
    ]
)  # names that are made here: no printer's words are in them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`[egress]` of config.toml: which fields of a device do not leave, or not whole."""

    remove: frozenset[str] = frozenset()
    mask: frozenset[str] = frozenset()

    def apply(self, data: Mapping[str, Any], device: Device | None) -> dict[str, Any]:
        """`data` as it may leave."""
        if not self.remove and not self.mask:
            return dict(data)
        cleaned: dict[str, Any] = _swapped(dict(data), self._swaps(device))
        inner = cleaned.get("device")
        if isinstance(inner, dict):
            inner |= dict.fromkeys(self.remove & inner.keys())
        privacy = Privacy.model_construct(
            removed=sorted(f"device.{name}" for name in self.remove),
            masked=sorted(f"device.{name}" for name in self.mask - self.remove),
        )
        return cleaned | {"privacy": privacy.to_json()}

    def host_name(self, name: str) -> str:
        """The name of this machine as it may leave: "" where host names are removed."""
        return "" if "hostname" in self.remove else name

    def subject(self, text: str, device: Device | None) -> str:
        """The subject of a message about `device`, as it may leave: the same for ever."""
        return str(_swapped(text, self._swaps(device), "subject"))

    def _swaps(self, device: Device | None) -> list["_Swap"]:
        """What to exchange in a message about `device`, the longest value first."""
        values = {name: value for name, value in _values(device).items() if value}
        chosen = dict.fromkeys(self.remove & values.keys(), REMOVED)
        chosen |= {name: _masked(name, values[name]) for name in (self.mask - self.remove) & values.keys()}
        longest = sorted(chosen, key=lambda name: -len(values[name]))
        return [_Swap(_pattern(name, values[name]), values[name], chosen[name]) for name in longest]


class _Swap(NamedTuple):
    """A value that does not leave, however it is written, and what stands for it."""

    pattern: re.Pattern[str]
    value: str
    instead: str

    def within(self, text: str, key: str) -> str:
        """`text` without the value; in what must stay the same for ever, a fingerprint of it."""
        mark = blake2b(self.value.encode(), digest_size=6).hexdigest() if key in KEYS else self.instead
        return self.pattern.sub(lambda _: mark, text)


def _pattern(name: str, value: str) -> re.Pattern[str]:
    """The value where it stands alone: "10.0.0.3" is not in "10.0.0.31". A MAC in every notation, a host
    name with the domain behind it."""
    if name == "mac":
        body = "[:.-]?".join(map(re.escape, re.findall("..", value)))
    else:
        body = re.escape(value) + (r"(?:\.[\w-]+)*" if name == "hostname" else "")
    before = r"(?<!\w)" if value[0].isalnum() else ""
    after = r"(?!\w)" if value[-1].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)


def place(complaint: object) -> str | None:
    """Where a complaint about a file is, without what is written there: "config.toml:6: network[1].cidr"."""
    lines = (_PLACE.match(line) for line in str(complaint or "").splitlines())
    places = [f"{Path(found[1]).name}{found[2]}" for found in lines if found]
    return "; ".join(places) or ("the configuration" if complaint else None)


_PLACE = re.compile(r"(\S.*?)(:\d+(?:: [\w.\[\]-]+(?=:))?)")


def _values(device: Device | None) -> dict[str, str | None]:
    """What a device is known by here, as it may stand in a text."""
    if device is None:
        return {}
    return {
        "ip": device.address.host,
        "mac": device.mac,
        "hostname": device.hostname,
        "location": device.location,
    }


def _masked(name: str, value: str) -> str:
    """Its first part: the network of an address, the maker of a MAC."""
    if name == "ip":
        return value.rpartition(".")[0] + ".x" if "." in value else value.split(":", maxsplit=1)[0] + "::x"
    return value[:6] + "x" * (len(value) - 6)


def _swapped(value: Any, swaps: Sequence[_Swap], key: str = "") -> Any:
    """`value` with each of `swaps` exchanged, wherever it stands, but for names that are our own."""
    if isinstance(value, Mapping):
        return {name: _swapped(inner, swaps, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_swapped(inner, swaps, key) for inner in value]
    if not isinstance(value, str) or key in OURS:
        return value
    for swap in swaps:
        value = swap.within(value, key)
    return value
