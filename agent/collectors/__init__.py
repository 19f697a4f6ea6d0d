"""Ways of reading a printer: each file here turns an address into a `Snapshot`."""
