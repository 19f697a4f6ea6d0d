"""Polling of the provider: its capabilities, and the feedback of its desk on tickets."""
