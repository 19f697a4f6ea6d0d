"""The outbox: events that were accepted, kept until the provider has them."""
