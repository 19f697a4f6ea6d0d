"""The privacy filter: removes and masks what `[egress]` of config.toml lists. Pure.

    message ──► remove, mask ──► outbox
                     └─────────► journal

- The filter runs before the outbox: a removed value is in no queue and no journal.
- A value is removed wherever it stands, also within titles and evidence. Keys that must stay stable
  (device_key, dedupe_key) get its fingerprint instead: HMAC-SHA-256 under the site's own key (RFC 2104). The
  same printer keeps the same key, and no address can be computed from it.
- A host name or location that is the printer's model (its name from the factory) stays in texts: the provider
  has to know what to bring. Only the field itself is removed.
- Each message lists what was removed or masked (`privacy.removed`, `privacy.masked`), so that the provider
  can tell a removed value from an unknown one.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from agent.core.model import Device
from uplink.events.base import Privacy

REMOVED = "[removed]"
DEVICE_FIELDS = ("ip", "hostname", "mac", "location", "contact", "asset_tag")  # of the message's `device`
VISIT_FIELDS = {"place": "location", "contact_ref": "contact", "access_notes_ref": "contact"}  # of `visit`
FINGERPRINTED_KEYS = frozenset({"device_key", "dedupe_key", "subject", "replaces", "displaced_by"})
FINGERPRINT_DIGITS = 32  # hex digits: 128 bits
MAC_KEY = re.compile(r"(?<=\bmac:)[0-9a-f]{12}\b")  # in keys of any printer, not only the message's own
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
)  # values made by the agent itself: they never hold text of a printer


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRules:
    """`[egress]` of config.toml: the device fields that are removed or masked."""

    remove: frozenset[str] = frozenset()
    mask: frozenset[str] = frozenset()
    site_key: bytes = field(default=b"", repr=False)  # see `agent.config.site_key`

    def filter_message(self, data: Mapping[str, Any], device: Device | None) -> dict[str, Any]:
        """Return `data` with the listed fields of `device` removed or masked."""
        if not self.remove and not self.mask:
            return dict(data)
        cleaned: dict[str, Any] = _replace_values(dict(data), self._list_replacements(device))
        if "mac" in self.remove | self.mask:
            cleaned = self._hide_mac_keys(cleaned, keep=legacy_key(device))
        inner = cleaned.get("device")
        if isinstance(inner, dict):
            inner |= dict.fromkeys(self.remove & inner.keys())
        if isinstance(visit := cleaned.get("visit"), dict):
            visit |= {key: None for key, name in VISIT_FIELDS.items() if name in self.remove and key in visit}
        privacy = Privacy.model_construct(
            removed=sorted(f"device.{name}" for name in self.remove),
            masked=sorted(f"device.{name}" for name in self.mask - self.remove),
        )
        return cleaned | {"privacy": privacy.to_json()}

    def fingerprint_value(self, value: str) -> str:
        """Return the fingerprint of a value: the same at each time, computable with the site's key only."""
        return hmac.digest(self.site_key, value.encode(), "sha256").hex()[:FINGERPRINT_DIGITS]

    def keeps_value(self, name: str, value: str, device: Device) -> bool:
        """Return True if the filter leaves this value as it is."""
        return bool(self.filter_message({name: value}, device)[name] == value)

    def filter_silence(self, silence: Mapping[str, Any]) -> dict[str, Any]:
        """Filter a silence of a heartbeat: its network stays here where addresses do."""
        hidden = "/" in silence["target"] and "ip" in self.remove | self.mask
        return {**silence, "target": "network"} if hidden else dict(silence)

    def host_name(self, name: str) -> str:
        """Return this machine's name; "" if host names are removed."""
        return "" if "hostname" in self.remove else name

    def filter_subject(self, text: str, device: Device | None) -> str:
        """Filter the subject of a message about `device`; the result is stable."""
        text = str(_replace_values(text, self._list_replacements(device), "subject"))
        return str(self._hide_mac_keys(text, "subject")) if "mac" in self.remove | self.mask else text

    def _hide_mac_keys(self, value: Any, key: str = "", *, keep: str | None = None) -> Any:
        """Replace the MAC in each key of a printer in `value`, also of another printer, except in `keep`."""
        if isinstance(value, Mapping):
            return {name: self._hide_mac_keys(inner, name, keep=keep) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._hide_mac_keys(inner, key, keep=keep) for inner in value]
        if not isinstance(value, str) or key in OWN_KEYS or value == keep:
            return value
        return MAC_KEY.sub(lambda found: self.fingerprint_value(found.group()), value)

    def _list_replacements(self, device: Device | None) -> list["_Replacement"]:
        """List the values to replace in a message about `device`, longest first."""
        found = [
            (name, value, REMOVED if name in self.remove else _mask_value(name, value))
            for name, value in _device_values(device)
            if value and name in self.remove | self.mask and not _names_the_model(name, value, device)
        ]
        longest = sorted(found, key=lambda one: -len(one[1]))
        return [
            _Replacement(_value_pattern(name, value), self.fingerprint_value(value), new)
            for name, value, new in longest
        ]


class _Replacement(NamedTuple):
    """A value to replace, in every notation, and its replacement."""

    pattern: re.Pattern[str]
    fingerprint: str
    replacement: str

    def replace_in(self, text: str, key: str) -> str:
        """Replace the value in `text`; stable keys get its fingerprint."""
        mark = self.fingerprint if key in FINGERPRINTED_KEYS else self.replacement
        return self.pattern.sub(lambda _: mark, text)


def _value_pattern(name: str, value: str) -> re.Pattern[str]:
    """Compile a pattern for the value as a whole word: "10.0.0.3" does not match "10.0.0.31". A MAC matches
    in every notation, a host name with its domain."""
    if name == "mac":
        body = "[:.-]?".join(map(re.escape, re.findall("..", value)))
    else:
        body = re.escape(value) + (r"(?:\.[\w-]+)*" if name == "hostname" else "")
    before = r"(?<!\w)" if value[0].isalnum() else ""
    after = r"(?!\w)" if value[-1].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)


def legacy_key(device: Device | None) -> str | None:
    """Return the key that a printer known by its MAC had until 0.1, where MACs were masked."""
    if device is None or device.mac is None:
        return None
    return f"mac:{blake2b(device.mac.encode(), digest_size=6).hexdigest()}"


def complaint_place(complaint: object) -> str | None:
    """Return the place of a configuration error without its text: "config.toml:6: network[1].cidr"."""
    lines = (_COMPLAINT_PLACE.match(line) for line in str(complaint or "").splitlines())
    places = [f"{Path(found[1]).name}{found[2]}" for found in lines if found]
    return "; ".join(places) or ("the configuration" if complaint else None)


_COMPLAINT_PLACE = re.compile(r"(\S.*?)(:\d+(?:: [\w.\[\]-]+(?=:))?)")


def _device_values(device: Device | None) -> list[tuple[str, str | None]]:
    """List the device values that may appear in texts, with their fields."""
    if device is None:
        return []
    return [
        ("ip", device.address.host),
        ("ip", device.moved_from),
        ("mac", device.mac),
        ("hostname", device.hostname),
        ("location", device.location),
    ]


def _names_the_model(name: str, value: str, device: Device | None) -> bool:
    """Return True if a host name or location stands in the make, model or serial number.

    Such a text is no secret, and without it a ticket would name no model: only the field itself goes.
    """
    if device is None or name not in {"hostname", "location"}:
        return False
    pattern = _value_pattern(name, value)
    return any(text and pattern.search(text) for text in (device.vendor, device.model, device.serial))


def _mask_value(name: str, value: str) -> str:
    """Keep the first part only: the network of an address, the vendor part of a MAC."""
    if name == "ip":
        return value.rpartition(".")[0] + ".x" if "." in value else value.split(":", maxsplit=1)[0] + "::x"
    return value[:6] + "x" * (len(value) - 6)


def _replace_values(value: Any, swaps: Sequence[_Replacement], key: str = "") -> Any:
    """Apply `swaps` to every string in `value`, except under keys of our own (`OWN_KEYS`)."""
    if isinstance(value, Mapping):
        return {name: _replace_values(inner, swaps, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_values(inner, swaps, key) for inner in value]
    if not isinstance(value, str) or key in OWN_KEYS:
        return value
    for swap in swaps:
        value = swap.replace_in(value, key)
    return value
