"""`printwarden service`: the service for people without the package."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common

app = typer.Typer(
    no_args_is_help=True,
    help="Install, look at and remove the service, where no package did it. On Windows the MSI does it.",
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Purge = Annotated[bool, typer.Option("--purge", help="Remove configuration, secrets and state too.")]


@app.command()
def install(dry_run: DryRun = False) -> None:
    """Make this program a service of systemd: its own user, its unit, started now if it is configured.

    Example: sudo printwarden service install
    """
    from agent.runtime.host import systemd_install

    _require_systemd()
    if not dry_run:
        systemd_install.check_possible()
    configured = (systemd_install.CONFIG / "config.toml").exists()
    steps = systemd_install.plan_install(_program_command(), configured=configured)
    if dry_run:
        _print_lines(systemd_install.describe_steps(steps))
        return
    systemd_install.run_steps(steps)
    _print_lines(systemd_install.describe_steps(steps))
    _common.out.print(
        "the service runs"
        if configured
        else "next: `sudo printwarden init`, then `sudo systemctl start printwarden`"
    )


@app.command()
def status() -> None:
    """Show whether the service runs, and its last lines of log. Exit code 0 if it runs, 1 if not.

    Example: printwarden service status
    """
    from agent.runtime.host import systemd_install

    _require_systemd()
    raise typer.Exit(0 if systemd_install.show_status() else 1)


@app.command()
def alive(
    config: _common.ConfigFile = None,
    within: Annotated[str, typer.Option(help="How old its last heartbeat may be.")] = "35m",
) -> None:
    """Check that the service wrote a heartbeat lately: the health check of a container.

    Exit code 0 if it has, 1 if not.

    Example: printwarden service alive --within 35m
    """
    from contextlib import closing

    from agent.core import health, store, units
    from agent.core.clock import Clock

    settings = _common.load_settings(config)
    with closing(store.open_reader(settings.database_path)) as db:
        at = health.health_saved_at(db)
    age = None if at is None else max(0.0, Clock().now() - at)
    _common.out.print(
        "no heartbeat yet" if age is None else f"last heartbeat {units.format_duration(age)} ago"
    )
    raise typer.Exit(0 if age is not None and age <= units.parse_duration(within) else 1)


@app.command()
def uninstall(purge: Purge = False, dry_run: DryRun = False) -> None:
    """Stop the service and remove it. Configuration and state stay, unless --purge.

    Example: sudo printwarden service uninstall
    """
    from agent.runtime.host import systemd_install

    _require_systemd()
    if not dry_run:
        systemd_install.check_possible()
    steps = systemd_install.plan_uninstall(purge=purge)
    if not dry_run:
        systemd_install.run_steps(steps)
    _print_lines(systemd_install.describe_steps(steps))


@app.command(hidden=True)
def host() -> None:
    """Started by Windows' service control manager; not for people."""
    from agent.runtime.host.systemd_install import InstallNotPossible

    if sys.platform == "win32":
        from agent.runtime.host import windows_service

        windows_service.host()
    else:
        raise InstallNotPossible("this is for the service control manager of Windows; try `printwarden run`")


def _program_command() -> list[str]:
    """Return the command that starts this program as the service."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).resolve())]
    return [str(Path(sys.executable).absolute()), "-m", "agent"]


def _require_systemd() -> None:
    from agent.runtime.host.systemd_install import InstallNotPossible

    if sys.platform != "linux":
        raise InstallNotPossible(
            "not here: on Windows the MSI installs the service, and `sc query Printwarden` shows it"
        )


def _print_lines(lines: list[str]) -> None:
    for line in lines:
        _common.out.print(line, markup=False, soft_wrap=True)
