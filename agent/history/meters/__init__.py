"""Meters for invoices: epochs of each counter, and a hash chain over the stored reads.

epochs       what a reading means after the ones before it; pure
chain        the hash of each stored read over itself and the one before; pure
ledger       both on disk, in the caller's transaction
daily_reads  the one read a day that goes to the provider
"""
