"""Decoders of packed replies that a profile's TOML cannot describe: one file each, pure bytes to values.

    def decode(replies: DecoderInput) -> Iterable[DecodedCount]

`replies` holds the values read, by the names that the profile gave to its objects or columns. An object
is `{(): value}`, a column `{index: value}`. A broken reply raises ValueError with one sentence that names
the fault; a missing reply gives no counts.
"""
