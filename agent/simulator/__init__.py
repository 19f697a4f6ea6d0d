"""A fleet of printers on real sockets, moved by stories. Knows the vocabulary, and no collector."""
