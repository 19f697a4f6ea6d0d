"""`printwarden devices`: which printer is which, and printers that need a decision of a person."""

import ipaddress
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import _common, _device_identity
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.config import Config

app = typer.Typer(
    help="The known printers, and those that need a decision.", no_args_is_help=True, rich_markup_mode="rich"
)
app.command("list")(_device_identity.list_devices)
app.command("merge")(_device_identity.merge_devices)
app.command("split")(_device_identity.split_devices)


@app.callback()
def _devices_group() -> None:
    """Printers that need a decision of a person."""


@app.command()
def trust(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HOST…]", help="Addresses, or keys of devices; without any: list who waits."),
    ] = None,
    file: Annotated[
        str, typer.Option("--from", metavar="FILE|-", help="A list, one address a line; # is a comment.")
    ] = "",
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Give found printers the communities of their network, once. Without HOST: list those that wait for it.

    A community of SNMP v1 or v2c travels in clear text, so the agent gives none to a host that only claims to
    be a printer. Trust it here, name it as a [[printer]], or set share = "anyone" for its network. The
    running service asks a trusted host within seconds; the audit log keeps who trusted it.

    With the key of a device: settle what `devices list` finds about it; it and the others that claim its
    serial number are printers of their own. For keys the service must not be running.

    Examples:

      printwarden devices trust

      printwarden devices trust sn:VHB8912345

      printwarden devices trust 192.168.10.31 192.168.10.32

      printwarden devices trust --from printers.txt
    """
    from agent import config as configuration

    settings = configuration.load_config(_common.config_file(config))
    named = [*(hosts or []), *(_read_list(file) if file else [])]
    if not named:
        _print_waiting(settings, as_json=as_json)
        return
    for key in (name for name in named if name.startswith(_device_identity.KEY_PREFIXES)):
        _device_identity.decide_identity("trust", key, "", "trusted by hand", config)
    named = [name for name in named if not name.startswith(_device_identity.KEY_PREFIXES)]
    if not named:
        return
    added = _trust_hosts(settings, [_parse_host(settings, host) for host in named])
    if as_json:
        _common.print_json({"trusted": added})
    else:
        _common.out.print(f"{counted(len(added), 'host')} trusted: {', '.join(added) or 'all were before'}")


def _trust_hosts(settings: "Config", hosts: list[str]) -> list[str]:
    """Add the hosts to the list of the service, and to the audit log; return the new ones."""
    from agent.config.trusted_hosts import TrustedHosts
    from agent.core import audit
    from agent.core.clock import Clock, format_iso_time

    added = TrustedHosts.in_folder(settings.state_folder).add_hosts(hosts, format_iso_time(Clock().now()))
    if added:
        audit.append_entry(settings.state_folder, "hosts trusted", hosts=added)
    return added


def _read_list(file: str) -> list[str]:
    """Read the words of a list, as text editors and spreadsheets of Linux and Windows save it."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except OSError as why:
        raise typer.BadParameter(f"{file} cannot be read: {why.strerror}", param_hint="--from") from None
    except ValueError:
        raise typer.BadParameter(f"{file} is not text in UTF-8", param_hint="--from") from None
    words = [word for line in text.splitlines() if (word := line.partition("#")[0].strip())]
    if not words:
        raise typer.BadParameter(f"{file} lists no address", param_hint="--from")
    return words


def _parse_host(settings: "Config", host: str) -> str:
    """Check that `host` is an address that may be contacted. Raises BadParameter."""
    from agent.config.access_policy import AccessPolicy

    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        raise typer.BadParameter(f'"{host}" is not an IP address', param_hint="HOST") from None
    if not AccessPolicy.from_config(settings).permits_host(address):
        raise typer.BadParameter(
            f"{address} is excluded, or in no [[network]] of the configuration", param_hint="HOST"
        )
    return address


def _print_waiting(settings: "Config", *, as_json: bool) -> None:
    waiting = list_waiting(settings)
    if as_json:
        _common.print_json({"waiting": waiting})
        return
    columns = ("address", "model", "seen by", "withheld")
    _common.print_table(
        f"{counted(len(waiting), 'printer')} may need a community",
        columns,
        ([row[name] for name in columns] for row in waiting),
    )
    if waiting:
        _common.out.print("`printwarden devices trust HOST…` gives it to them.")


def list_waiting(settings: "Config") -> list[dict[str, Any]]:
    """List the hosts that claim to be a printer, have not answered, and were given no community."""
    from agent.config.access_policy import AccessPolicy
    from agent.config.trusted_hosts import TrustedHosts
    from agent.core import store
    from agent.discovery import address_credentials, inventory

    policy = AccessPolicy.from_config(settings)
    trusted = TrustedHosts.in_folder(settings.state_folder).load_hosts()
    with closing(store.open_reader(settings.database_path)) as db:
        seen = [(one.address, one.model, one.via) for one in inventory.load_candidates(db)
                if one.verdict == "no answer"]  # fmt: skip
        seen += [(one.address, one.model, "ipp") for one in inventory.load_devices(db).values()
                 if one.address.host and "/" not in one.address.host
                 and address_credentials.load_answer(db, one.address, one) is None]  # fmt: skip
    return [
        {
            "address": address.host,
            "model": model,
            "seen by": via,
            "withheld": ", ".join(one.name for one in policy.withheld_credentials(address.host)),
        }
        for address, model, via in seen
        if address.host not in trusted and policy.withheld_credentials(address.host)
    ]
