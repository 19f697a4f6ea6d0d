"""`printwarden run`: the service itself."""

import asyncio

from agent.cli import _common


def run(config: _common.ConfigFile = None, clock: _common.ClockText = "") -> None:
    """Run the service: find printers, read them, judge them, deliver. Ends cleanly on SIGTERM or Ctrl+C.

    Edited rules and settings are picked up while it runs; a mistake in them leaves the last good ones
    in force, and the log says so.

    Example: printwarden run --config /etc/printwarden/config.toml
    """
    from agent import app, running

    agent = app.build(_common.config_file(config), _common.clock(clock))
    _common.log_to_stderr(agent.config.log.level)
    asyncio.run(running.serve(agent))
