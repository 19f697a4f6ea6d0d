"""Encodings that a profile's TOML cannot say: one file each, pure bytes to values.

    def decode(told: Told) -> Iterable[Count]

`told` holds what was read, by the names that the profile gave to its objects or columns. An object is
`{(): value}`, a column `{index: value}`. A broken reply raises ValueError with one sentence that says
what is wrong; what is merely not there brings nothing.
"""
