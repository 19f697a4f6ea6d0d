"""`printwarden probe`: everything that one printer reports, in a technician's words."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common, _exclusions, _secret_options

if TYPE_CHECKING:
    from agent.collectors._vendor.vendor_profiles import Profiles
    from agent.core.model import Address, Credential, Snapshot
    from agent.pipeline.polling.mac_gate import ExcludedMacs

RETRIES = 3  # 2 + 4 + 8 + 16 s: a sleeping printer may need 18 s to wake


def _print_schema(asked: bool) -> None:
    if asked:
        from agent.cli._probe_document import ProbeDocument

        _common.print_json(ProbeDocument.model_json_schema(by_alias=True, mode="serialization"))
        raise typer.Exit


TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="HOST[:PORT]",
        help=r"A name or address, [::1]:161 for IPv6; ipp://HOST[:PORT]\[/PATH]; cups:QUEUE.",
    ),
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Show the OID and clause of each value.")]
SchemaOption = Annotated[
    bool,
    typer.Option("--schema", callback=_print_schema, is_eager=True, help="Print the JSON Schema of --json."),
]
VersionOption = Annotated[
    str | None, typer.Option("--version", help="1 or 2c; both are tried otherwise.", metavar="1|2c")
]
CredentialOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A credential of the configuration, by its name; for SNMPv3 too."),
]
PinOption = Annotated[
    str | None,
    typer.Option(metavar="SHA256", help="With ipps://: the certificate it should show; another is reported."),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(min=0.1, help="Seconds to wait for the first answer.", show_default="2, with IPP 30"),
]


def probe(
    target: TargetArgument,
    as_json: _common.AsJson = False,
    explain: ExplainOption = False,
    schema: SchemaOption = False,
    community: _secret_options.CommunityOption = None,
    community_file: _secret_options.CommunityFile = "",
    ask_community: _secret_options.AskCommunity = False,
    version: VersionOption = None,
    credential: CredentialOption = None,
    config: _common.ConfigFile = None,
    pin: PinOption = None,
    timeout: TimeoutOption = None,
    although_excluded: _exclusions.AlthoughExcluded = False,
) -> None:
    """Read one printer, and change nothing: who it is, how it is, its alerts, supplies, trays and meters.

    Exit code 0 if it was read, 1 if it did not answer, 2 if the command line or configuration is wrong.

    Examples:

      printwarden probe 192.168.10.31

      printwarden probe 192.168.10.31 --explain

      printwarden probe printer7.example --credential floor2 --config config.toml --json

      printwarden probe ipps://192.168.10.31/ipp/print
    """
    del schema
    exclusions = _exclusions.load_exclusions(config, although_excluded=although_excluded)
    if target.startswith("cups:"):
        from agent.cli import _probe_ipp

        snapshot = _probe_ipp.read_queue(target, timeout)
    elif "://" in target:
        from agent.cli import _probe_ipp

        exclusions.check_url(target)
        snapshot = _probe_ipp.read_url(target, pin, timeout)
    else:
        secret = _secret_options.read_community(community, community_file, ask=ask_community)
        asked = choose_credential(secret, version, credential, config)
        named = secret is not None or version is not None or credential is not None
        or_ipp = not named and (config is None or _common.load_settings(config).ipp.enabled)
        snapshot = _read_snmp(target, asked, timeout or 2.0, config, exclusions, or_ipp=or_ipp)
    _print_snapshot(snapshot, as_json=as_json, explain=explain)


def _read_snmp(
    target: str,
    asked: "Credential",
    patience: float,
    config: Path | None,
    exclusions: _exclusions.Exclusions,
    *,
    or_ipp: bool,
) -> "Snapshot":
    """Read the host by SNMP; by IPP if that is silent and no credential was named."""
    from agent.pipeline.polling.mac_gate import ExcludedMacs

    address = resolve_address(target)
    exclusions.check_host(address.host)
    excluded = ExcludedMacs(exclusions.macs)
    snapshot = asyncio.run(
        read_printer(address, asked, patience, _common.load_profiles(config), excluded=excluded)
    )
    exclusions.check_mac(address.host, excluded.hosts.get(address.host))
    if snapshot is None and or_ipp:
        from agent.cli import _probe_announced

        snapshot = _probe_announced.read_silent_host(address, _common.load_profiles(config))
    if snapshot is None:
        from agent.pipeline.polling.tcp_probe import first_open_port

        door = asyncio.run(first_open_port(address.host))
        _common.err.print(_explain_silence(address, asked, door), markup=False)
        raise typer.Exit(1)
    return snapshot


def resolve_address(target: str) -> "Address":
    """Resolve `target` to an address and port. Raises BadParameter, also for an unknown name."""
    import socket

    from agent.core.model import Address

    bare = target.removeprefix("[").replace("]", "") if target.startswith("[") else target
    host, colon, port = bare.rpartition(":") if target.count(":") == 1 or "]:" in target else (bare, "", "")
    number = 161 if not colon else int(port) if port.isascii() and port.isdigit() else 0
    if not 0 < number < 65536:
        raise typer.BadParameter(f'"{port}" is not a port: write 1 to 65535', param_hint="HOST[:PORT]")
    try:
        found = socket.getaddrinfo(host, number, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as why:
        raise typer.BadParameter(f'"{host}" cannot be resolved: {why}', param_hint="HOST[:PORT]") from None
    return Address(str(found[0][4][0]), number)


def choose_credential(
    community: str | None, version: str | None, name: str | None, config: Path | None
) -> "Credential":
    """Choose the credential: one of the configuration, or a community in the clear."""
    from agent.core.model import Credential

    if version not in {None, "1", "2c"}:
        raise typer.BadParameter("1 or 2c here; SNMPv3 with --credential", param_hint="--version")
    if name is None:
        name = "public" if community in {None, "public"} else "given"
        return Credential(name=name, version=version or "2c", community=community or "public")
    if community is not None or version is not None:
        raise typer.BadParameter("give --credential or --community and --version, not both")
    from agent.core.toml import suggest_word

    file = _common.config_file(config)
    declared = {given.name: given for given in _common.load_settings(file).credential}
    if name not in declared:
        hint = suggest_word(name, sorted(declared)) if declared else "it declares none"
        raise typer.BadParameter(
            f'{file} has no [[credential]] named "{name}"; {hint}', param_hint="--credential"
        )
    return Credential(**declared[name].model_dump())


async def read_printer(
    address: "Address",
    credential: "Credential",
    patience: float,
    profiles: "Profiles | None" = None,
    *,
    excluded: "ExcludedMacs | None" = None,
) -> "Snapshot | None":
    """Read a printer in full, with these vendor profiles (default: the shipped ones); None without answer."""
    from agent.collectors import printer_mib
    from agent.collectors._vendor import vendor_profiles
    from agent.core.clock import Clock
    from agent.core.errors import NoAnswer
    from agent.pipeline.polling.mac_gate import ExcludedMacs, MacGate
    from agent.snmp.engine import SnmpClient, SnmpSettings

    profiles = vendor_profiles.load_shipped() if profiles is None else profiles
    settings = SnmpSettings(
        timeout=patience, retries=RETRIES, requests_per_subnet=None, contexts=profiles.snmp_contexts
    )
    async with SnmpClient(settings) as engine:
        try:
            reader = MacGate(engine.create_reader(address, credential), excluded or ExcludedMacs())
            return await printer_mib.read_printer(reader, at=Clock().now(), profiles=profiles)
        except NoAnswer:
            return None


def _print_snapshot(snapshot: "Snapshot", *, as_json: bool, explain: bool) -> None:
    from agent.cli._probe_document import build_document
    from agent.core.clock import format_iso_time

    if as_json:
        made = build_document(snapshot, format_iso_time(snapshot.at), explain=explain)
        _common.print_json(json.loads(made.model_dump_json(by_alias=True)))
        return
    from agent.cli import _probe_view

    _probe_view.print_snapshot(snapshot, _common.out, explain=explain)


def _explain_silence(address: "Address", credential: "Credential", door: int | None) -> str:
    """Explain why SNMP had no answer. `door`: a TCP port of the host that is open all the same."""
    how = "SNMPv3" if credential.version == "3" else f"SNMP version {credential.version}"
    if credential.version == "2c":
        how = "SNMP version 2c and 1"
    silence = f'{address}: no answer to the credential "{credential.name}" in {how}.\n'
    if door is not None:
        return (
            f"{silence}The host is there: it opens TCP port {door}. So the community or the user is wrong,\n"
            "or SNMP is switched off. Look at its web page; try --community-file or --credential."
        )
    return (
        f"{silence}"
        "A printer that is off, asleep too deeply, unreachable or asked with a wrong community looks alike.\n"
        "Check that it is on and that SNMP is enabled on its web page; try --community-file,\n"
        "--credential, or a longer --timeout."
    )
