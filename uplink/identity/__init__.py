"""The agent's identity: its key, its credential, signatures and sealed secrets."""
