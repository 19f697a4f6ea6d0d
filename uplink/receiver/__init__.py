"""The reference provider: receives envelopes, refuses duplicates, answers with receipts."""
