"""One vendor encoding per file: pure functions from bytes to values."""
