"""The uplink: an outbox that loses nothing, and the ways from it to the provider.

Knows nothing of printers. It moves opaque envelopes, and imports nothing of `agent`.
"""
