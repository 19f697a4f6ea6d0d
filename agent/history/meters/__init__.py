"""Meters an invoice can rest on: epochs for what a counter does not say, a chain for what was read.

epochs    what a reading means, given the one before; pure
chain     the hash that each stored read has of itself and of the one before; pure
ledger    both on disk, in the caller's transaction
"""
