"""Decodes a table with a name in words in one column and the count in another.

Canon's counters ("Total 1", "Copy (Full Color/Large)"), also where firmware writes the words as hex
digits; Kyocera's paper sizes. Which counters there are is a setting of the service technician: the
words decide, and the row's number only where they are in no language that the profile knows.
"""

import re
from collections.abc import Iterator

from agent.collectors.decoders._count import DecodedCount, DecoderInput, as_octets, parse_count
from agent.core import text

_NUMBERED = re.compile(r"^\d{3}\s*[:.]\s*")  # "101: Total 1", as panels list them


def decode(replies: DecoderInput) -> Iterator[DecodedCount]:
    """Decode one count for each row with a value; its key is the folded name, or ""."""
    names, values = replies.get("name", {}), replies.get("value", {})
    for index, value in values.items():
        if (count := parse_count(value)) is not None:
            raw = as_octets(names.get(index))
            name = text.fold_case(text.decode_octets(raw)) if raw else ""
            yield DecodedCount(_NUMBERED.sub("", name), count, "value", index, index[-1] if index else None)
