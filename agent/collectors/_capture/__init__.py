"""Captures of printers: walk files, and what is removed from them before they leave the site."""
