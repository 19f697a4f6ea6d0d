"""The tables of the Printer MIB (RFC 3805) and of the Host Resources MIB (RFC 2790), one file a table."""
