"""Vendor profiles: what a maker's own objects mean, and what its words for supplies say."""
