"""Meters for invoices: epochs of each counter, and a hash chain over the daily reads.

epochs       what a reading means after the ones before it; pure
ledger       the counters and their epochs on disk, in the caller's transaction
named_sums   total, mono, colour and large from the counters of every maker; pure
daily_reads  the one read a day that goes to the provider, and is a link of the chain
chain        the hash of each link over itself and the one before; pure
chain_store  the chains on disk: append, verify, compare with the provider's, prune
"""
