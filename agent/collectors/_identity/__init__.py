"""Which printer is this: evidence from the device in, its identity out."""
