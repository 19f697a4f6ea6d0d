"""What printers do wrong; see `agent.simulator.quirk`. Every function marked `@quirk` is one."""
