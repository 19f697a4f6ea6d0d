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
DEVICE_FIELDS = ("ip", "hostname", "mac", "location", "contact", "asset_tag")  # of the message's `device`
FINGERPRINTED_KEYS = frozenset({"device_key", "dedupe_key", "subject"})
OWN_KEYS = frozenset(
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
class PrivacyRules:
    """`[egress]` of config.toml: which fields of a device do not leave, or not whole."""

    remove: frozenset[str] = frozenset()
    mask: frozenset[str] = frozenset()

    def filter_message(self, data: Mapping[str, Any], device: Device | None) -> dict[str, Any]:
        """`data` as it may leave."""
        if not self.remove and not self.mask:
            return dict(data)
        cleaned: dict[str, Any] = _replace_values(dict(data), self._list_replacements(device))
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

    def filter_subject(self, text: str, device: Device | None) -> str:
        """The subject of a message about `device`, as it may leave: the same for ever."""
        return str(_replace_values(text, self._list_replacements(device), "subject"))

    def _list_replacements(self, device: Device | None) -> list["_Replacement"]:
        """What to exchange in a message about `device`, the longest value first."""
        values = {name: value for name, value in _device_values(device).items() if value}
        chosen = dict.fromkeys(self.remove & values.keys(), REMOVED)
        chosen |= {
            name: _mask_value(name, values[name]) for name in (self.mask - self.remove) & values.keys()
        }
        longest = sorted(chosen, key=lambda name: -len(values[name]))
        return [
            _Replacement(_value_pattern(name, values[name]), values[name], chosen[name]) for name in longest
        ]


class _Replacement(NamedTuple):
    """A value that does not leave, however it is written, and what stands for it."""

    pattern: re.Pattern[str]
    value: str
    replacement: str

    def replace_in(self, text: str, key: str) -> str:
        """`text` without the value; in what must stay the same for ever, a fingerprint of it."""
        mark = (
            blake2b(self.value.encode(), digest_size=6).hexdigest()
            if key in FINGERPRINTED_KEYS
            else self.replacement
        )
        return self.pattern.sub(lambda _: mark, text)


def _value_pattern(name: str, value: str) -> re.Pattern[str]:
    """The value where it stands alone: "10.0.0.3" is not in "10.0.0.31". A MAC in every notation, a host
    name with the domain behind it."""
    if name == "mac":
        body = "[:.-]?".join(map(re.escape, re.findall("..", value)))
    else:
        body = re.escape(value) + (r"(?:\.[\w-]+)*" if name == "hostname" else "")
    before = r"(?<!\w)" if value[0].isalnum() else ""
    after = r"(?!\w)" if value[-1].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)


def complaint_place(complaint: object) -> str | None:
    """Where a complaint about a file is, without what is written there: "config.toml:6: network[1].cidr"."""
    lines = (_COMPLAINT_PLACE.match(line) for line in str(complaint or "").splitlines())
    places = [f"{Path(found[1]).name}{found[2]}" for found in lines if found]
    return "; ".join(places) or ("the configuration" if complaint else None)


_COMPLAINT_PLACE = re.compile(r"(\S.*?)(:\d+(?:: [\w.\[\]-]+(?=:))?)")


def _device_values(device: Device | None) -> dict[str, str | None]:
    """What a device is known by here, as it may stand in a text."""
    if device is None:
        return {}
    return {
        "ip": device.address.host,
        "mac": device.mac,
        "hostname": device.hostname,
        "location": device.location,
    }


def _mask_value(name: str, value: str) -> str:
    """Its first part: the network of an address, the maker of a MAC."""
    if name == "ip":
        return value.rpartition(".")[0] + ".x" if "." in value else value.split(":", maxsplit=1)[0] + "::x"
    return value[:6] + "x" * (len(value) - 6)


def _replace_values(value: Any, swaps: Sequence[_Replacement], key: str = "") -> Any:
    """`value` with each of `swaps` exchanged, wherever it stands, but for names that are our own."""
    if isinstance(value, Mapping):
        return {name: _replace_values(inner, swaps, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_values(inner, swaps, key) for inner in value]
    if not isinstance(value, str) or key in OWN_KEYS:
        return value
    for swap in swaps:
        value = swap.replace_in(value, key)
    return value
