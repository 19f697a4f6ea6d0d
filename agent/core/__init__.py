"""What every stage builds on: the vocabulary, errors, clock, text, the state file."""
