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

    _only_systemd()
    if not dry_run:
        systemd_install.possible()
    configured = (systemd_install.CONFIG / "config.toml").exists()
    steps = systemd_install.install(_program(), configured=configured)
    if dry_run:
        _show(systemd_install.told(steps))
        return
    systemd_install.carry_out(steps)
    _show(systemd_install.told(steps))
    _common.out.print(
        "the service runs"
        if configured
        else "next: `sudo printwarden init`, then `sudo systemctl start printwarden`"
    )


@app.command()
def status() -> None:
    """Show whether the service runs, and what it said last. Exit code 0 if it runs, 1 if not.

    Example: printwarden service status
    """
    from agent.runtime.host import systemd_install

    _only_systemd()
    raise typer.Exit(0 if systemd_install.runs() else 1)


@app.command()
def alive(
    config: _common.ConfigFile = None,
    within: Annotated[str, typer.Option(help="How old its last heartbeat may be.")] = "35m",
) -> None:
    """Tell whether the service has noted lately how it is: the health check of a container.

    Exit code 0 if it has, 1 if not.

    Example: printwarden service alive --within 35m
    """
    from contextlib import closing

    from agent import config as configuration
    from agent.core import health, store, units
    from agent.core.clock import Clock

    settings = configuration.load(_common.config_file(config))
    with closing(store.open_reader(settings.database)) as db:
        at = health.noted(db)
    age = None if at is None else max(0.0, Clock().now() - at)
    _common.out.print("no heartbeat yet" if age is None else f"last heartbeat {units.spell(age)} ago")
    raise typer.Exit(0 if age is not None and age <= units.duration(within) else 1)


@app.command()
def uninstall(purge: Purge = False, dry_run: DryRun = False) -> None:
    """Stop the service and remove it. Configuration and state stay, unless --purge.

    Example: sudo printwarden service uninstall
    """
    from agent.runtime.host import systemd_install

    _only_systemd()
    if not dry_run:
        systemd_install.possible()
    steps = systemd_install.uninstall(purge=purge)
    if not dry_run:
        systemd_install.carry_out(steps)
    _show(systemd_install.told(steps))


@app.command(hidden=True)
def host() -> None:
    """What Windows' service control manager starts; not for people."""
    from agent.runtime.host.systemd_install import NotPossible

    if sys.platform == "win32":
        from agent.runtime.host import windows_service

        windows_service.host()
    else:
        raise NotPossible("this is for the service control manager of Windows; try `printwarden run`")


def _program() -> list[str]:
    """This very program, as the service has to start it."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).resolve())]
    return [str(Path(sys.executable).absolute()), "-m", "agent"]


def _only_systemd() -> None:
    from agent.runtime.host.systemd_install import NotPossible

    if sys.platform != "linux":
        raise NotPossible(
            "not here: on Windows the MSI installs the service, and `sc query Printwarden` shows it"
        )


def _show(lines: list[str]) -> None:
    for line in lines:
        _common.out.print(line, markup=False, soft_wrap=True)
