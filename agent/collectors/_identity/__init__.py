"""Identifies a printer: evidence from the device in, its identity out."""
