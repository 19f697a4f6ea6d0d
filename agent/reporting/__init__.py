"""Reporting: builds the events that leave the site, filters them and queues them."""
