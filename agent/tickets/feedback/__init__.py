"""What the provider's desk says of our tickets, and what that says of our rules.

    feedback (pulled by `uplink.provider.poller`) ──► words: one standing a ticket ──► precision: per rule

words      folds what was said into how a ticket stands at the desk; pure
book       both on disk, in the caller's transaction
precision  how often a rule was right, and how sure that is; pure
"""
