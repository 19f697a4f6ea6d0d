"""SNMP as this product needs it: reading, politely, and nothing that could write."""
