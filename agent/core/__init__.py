"""The common base of all stages: the vocabulary, errors, clock, text, the state file."""
