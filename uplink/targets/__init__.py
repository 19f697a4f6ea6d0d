"""Destinations: one file each, one verb: `send(batch) -> Receipt`."""
