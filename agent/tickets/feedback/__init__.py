"""The provider's feedback on tickets, and the precision of rules that follows from it.

    feedback (pulled by `uplink.provider.poller`) ──► words: one standing a ticket ──► precision: per rule

status            folds feedback messages into the state of a ticket at the desk; pure
feedback_store    both on disk, in the caller's transaction
precision         how often a rule was right, with its confidence interval; pure
"""
