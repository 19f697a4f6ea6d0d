"""Faults of real printers; see `agent.simulator.quirk`. Every function marked `@quirk` is one."""
