"""`printwarden run`: the service itself."""

from agent.cli import _common
from agent.cli._service_command import ServiceCommand


def run(config: _common.ConfigFile = None, clock: _common.ClockText = "") -> None:
    """Run the service: find printers, read them, judge them, deliver. Ends cleanly on SIGTERM or Ctrl+C.

    Edited rules and settings are picked up while it runs; a mistake in them leaves the last good ones
    in force, and the log says so.

    Example: printwarden run --config /etc/printwarden/config.toml
    """
    ServiceCommand(config=config, clock=_common.parse_clock(clock)).start()
