"""Vendor profiles: the meaning of a maker's own objects, and of its words for supplies."""
