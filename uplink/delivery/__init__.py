"""From the outbox to the provider: batches, retries, responses."""
