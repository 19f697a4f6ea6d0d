"""Polling: which printer is due, and how it is asked over SNMP, IPP and USB."""
