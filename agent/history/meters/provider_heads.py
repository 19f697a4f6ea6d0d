"""The provider's list of chain heads, as a file: what it received, to compare with what is stored here. Pure.

sn:VHB8912345,17,9f2c…          a line each: device key, reads, head
{"device": …, "meters": …}      or the meter reads themselves, as JSON, one a line or in one list
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Heads = dict[str, dict[int, str]]
"""By device key: number of reads to head, in hex."""


def parse_heads(text: str) -> Heads:
    """Read the list. Raises ValueError with the number of the line that is not one."""
    found: Heads = {}
    for device, reads, head in _iterate_heads(text):
        found.setdefault(device, {})[reads] = head.lower()
    return found


def _iterate_heads(text: str) -> Iterator[tuple[str, int, str]]:
    if text.lstrip().startswith("["):
        yield from (_head_from_event(event) for event in json.loads(text))
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                yield _head_from_event(json.loads(line)) if line.startswith("{") else _head_from_row(line)
            except (ValueError, KeyError, TypeError):
                raise ValueError(
                    f'line {number} is not "device key, reads, head", nor a meter read'
                ) from None


def _head_from_row(line: str) -> tuple[str, int, str]:
    device, reads, head = (field.strip() for field in line.split(","))
    bytes.fromhex(head)
    return device, int(reads), head


def _head_from_event(event: Mapping[str, Any]) -> tuple[str, int, str]:
    """Return the head in a meter read, or in the CloudEvent around it."""
    data = event.get("data", event)
    chain = data["meters"]["chain"]
    return data["device"]["device_key"], int(chain["reads"]), str(chain["head"])
