"""Ways of reading a printer, one a file: a new way is a new file (`agent.collectors._visit.Collector`)."""
