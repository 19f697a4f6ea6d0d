"""Rules as reviewable files: when is a condition a fact, and what is then wrong with what."""
