"""Poll printers: decide which one is due, and read it over SNMP, IPP and USB."""
