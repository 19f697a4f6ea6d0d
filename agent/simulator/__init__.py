"""A fleet of printers on real sockets, moved by scenarios. It imports the vocabulary, and no collector."""
