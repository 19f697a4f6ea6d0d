"""Decodes a table with a type number in one column and the count in another.

Ricoh's ricohEngCounterTable: the row's own number differs from model to model, so rows are joined on
their type, never on their place.
"""

from collections.abc import Iterator

from agent.collectors.decoders._count import DecodedCount, DecoderInput, parse_count


def decode(replies: DecoderInput) -> Iterator[DecodedCount]:
    """Decode one count for each row that has a type and a value; its key is the type."""
    types, values = replies.get("type", {}), replies.get("value", {})
    for index, value in values.items():
        kind, count = parse_count(types.get(index)), parse_count(value)
        if kind is not None and count is not None:
            yield DecodedCount(str(kind), count, "value", index)
