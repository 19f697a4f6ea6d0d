"""Finds printers (`methods/`: one way a file) and tells which is which (`inventory`)."""
