"""The signals that rules speak of: one file per signal."""
