"""What the agent asks of the provider: what it takes, and what its desk reports of tickets."""
