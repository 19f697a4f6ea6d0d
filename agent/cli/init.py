"""`printwarden init`: from an empty machine to the first printers found."""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common, _secret_options
from agent.core import units
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.config import Config
    from agent.runtime.setup.answers import SetupAnswers, SnmpV3User

Networks = Annotated[
    list[str] | None,
    typer.Option("--network", "-n", help='Where printers are, like "192.168.10.0/24"; several with commas.'),
]
Communities = Annotated[
    list[str] | None,
    typer.Option("--community", metavar="public", help='Only "public"; others by --community-file.'),
]
CommunityFile = Annotated[
    str,
    typer.Option(
        "--community-file",
        metavar="FILE|-",
        help="SNMP v1/v2c communities, one a line; or PRINTWARDEN_COMMUNITY holds one.",
    ),
]
UserName = Annotated[str, typer.Option("--user", help="SNMPv3 user (SHA256, AES128; others in the file).")]
Password = Annotated[
    str, typer.Option(envvar="PRINTWARDEN_AUTH_PASSWORD", help="The user's, for authentication.")
]
Privacy = Annotated[str, typer.Option(envvar="PRINTWARDEN_PRIV_PASSWORD", help="The user's, for privacy.")]
TokenFile = Annotated[
    str,
    typer.Option(
        metavar="FILE|-", help="The provider's one-time token, to enrol with; or PRINTWARDEN_TOKEN holds it."
    ),
]
BearerFile = Annotated[
    Path | None,
    typer.Option(help="A standing token, of a provider without enrolment.", exists=True, dir_okay=False),
]
Url = Annotated[str | None, typer.Option("--provider", help="Where events go: https://…")]
CaFile = Annotated[
    Path | None,
    typer.Option(help="A private certificate authority of the provider.", exists=True, dir_okay=False),
]
Proxy = Annotated[
    str, typer.Option(envvar="PRINTWARDEN_PROXY", help="The way out: http://host:port. Empty: HTTPS_PROXY.")
]
SiteId = Annotated[str | None, typer.Option("--site", help="The provider's name for this site.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="UDP port of the printers' SNMP agents.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: flags, and what is proposed.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a configuration; the old one is kept.")]
Listen = Annotated[str, typer.Option(help="How long the trial listens for mDNS; 0s for not at all.")]
Try = Annotated[
    bool, typer.Option("--try/--no-try", help="Look for printers and call the provider at the end.")
]


def init(
    context: typer.Context,
    config: _common.ConfigFile = None,
    networks: Networks = None,
    communities: Communities = None,
    community_file: CommunityFile = "",
    user: UserName = "",
    auth_password: Password = "",
    priv_password: Privacy = "",
    site: SiteId = None,
    provider: Url = None,
    token_file: TokenFile = "",
    bearer_file: BearerFile = None,
    ca_file: CaFile = None,
    proxy: Proxy = "",
    port: Port = 161,
    yes: Yes = False,
    force: Force = False,
    listen: Listen = "3s",
    trying: Try = True,
) -> None:
    """Make the first configuration: asks for networks (and proposes the local ones), SNMP credentials, site
    and provider; writes config.toml with comments, secrets apart; then tries it, shows the printers found,
    and enrols with the provider.

    With a one-time token that cannot be used now (--no-try, or no answer) the service enrols by itself.
    A token is not taken from the command line, where every user of the machine could read it.

    Exit code 0 if the configuration stands, also if no printer was found yet; 1 if the provider could not be
    reached or refuses the token; 2 if an answer is wrong: nothing is written then.

    Examples:

      printwarden init

      printwarden init --yes --network 192.168.10.0/24 --site S-04 --provider https://mps.example/v1/events
    """
    from agent.runtime.setup import answers

    path = _common.config_file(config)
    _check_overwrite(path, force=force)
    _refuse_typed_secrets(context, proxy)
    communities = _collect_communities(communities or [], community_file)
    given = answers.SetupAnswers(
        site=_prompt_value("The provider's name for this site", site, "site", yes),
        networks=tuple(_split_words(",".join(networks or ())) or _prompt_networks(yes)),
        communities=tuple(
            communities or _split_words(_prompt_value("SNMP communities", None, "public", yes))
        ),
        user=_prompt_user(user, auth_password, priv_password, yes),
        url=_prompt_value("Where the provider takes events (https://…; empty: not yet)", provider, "", yes),
        bearer=bearer_file.read_text("utf-8").strip() if bearer_file else "",
        ca_file=str(ca_file) if ca_file else None,
        state="" if _is_system_config(path) or os.environ.get("STATE_DIRECTORY") else "state",
        proxy=proxy,
        port=port,
    )
    done = _carry_out(path, given, token_file, yes=yes, force=force, listen=listen if trying else None)
    raise typer.Exit(0 if done else 1)


def _check_overwrite(path: Path, *, force: bool) -> None:
    """Raise BadParameter if there is a configuration that must not be replaced."""
    if path.exists() and not force:
        raise typer.BadParameter(
            f"{path} is there already; edit it, or let --force replace it (the old one is kept)"
        )


def _refuse_typed_secrets(context: typer.Context, proxy: str) -> None:
    """Refuse passwords on the command line. Raises BadParameter."""
    for name in ("auth_password", "priv_password"):
        variable = f"PRINTWARDEN_{name.upper()}"
        _secret_options.refuse_typed_secret(
            context, name, f"put it into {variable}, or type it at the prompt"
        )
    if "@" in proxy:
        _secret_options.refuse_typed_secret(context, "proxy", "put it into PRINTWARDEN_PROXY")


def _collect_communities(typed: list[str], file: str) -> list[str]:
    """Return the communities of the options, the file and the environment. Raises BadParameter."""
    read, prompt = _secret_options.read_community, "type it where init asks"
    public = [community for one in typed if (community := read(one, "", ask=False, prompt=prompt))]
    if file:
        return [*public, *_secret_options.read_lines(file, "--community-file")]
    held = _secret_options.read_community(None, "", ask=False)
    return [*public, held] if held else public


def _carry_out(
    path: Path, given: "SetupAnswers", token_file: str, *, yes: bool, force: bool, listen: str | None
) -> bool:
    """Write the configuration, try it for `listen` (None: not at all), and enrol. Return True on success."""
    from agent.runtime.setup import answers, config_writer

    token = _read_token(token_file, yes=yes or not given.url or bool(given.bearer))
    if token and not given.url:
        raise typer.BadParameter("a token is for a provider: name it", param_hint="--provider")
    with tempfile.TemporaryDirectory(prefix="printwarden-init-") as folder:
        settings = answers.check_answers(given, Path(folder))
        _print_written(
            path, config_writer.write_config(path, given, today=_current_date(), force=force), given
        )
        if token:
            _store_token(path, token, token_file)
        done = _try_settings(settings, given, units.parse_duration(listen)) if listen is not None else True
    if token:
        done = _enrol_agent(path, now=listen is not None) and done
    _print_next_steps(path, enrolment=bool(given.url) and not (token or given.bearer))
    return done


def _store_token(path: Path, token: str, source: str) -> None:
    """Move the token from its file to the place where the service looks for it."""
    from agent.runtime.setup import enrolment

    enrolment.save_token(_common.load_settings(path), token)
    if source not in {"", "-"}:
        with contextlib.suppress(OSError):  # a share of another owner
            Path(source).unlink()


def _read_token(source: str, *, yes: bool) -> str:
    """Read the one-time token from a file, the environment or a prompt; "" without one.

    Raises BadParameter for a malformed one.
    """
    from uplink.identity import identity

    try:
        if source:
            return identity.read_token(source)
        if given := os.environ.get("PRINTWARDEN_TOKEN", ""):
            return identity.check_token(given.strip(), "PRINTWARDEN_TOKEN")
        asked = "" if yes else _prompt_secret("The provider's one-time token (empty: none)")
        return identity.check_token(asked, "what was typed") if asked else ""
    except identity.NotEnrolled as why:
        raise typer.BadParameter(str(why), param_hint="--token-file") from None


def _prompt_value(question: str, given: str | None, proposal: str, yes: bool) -> str:
    if given is not None or yes:
        return given if given is not None else proposal
    return str(typer.prompt(question, default=proposal, show_default=bool(proposal))).strip()


def _prompt_secret(question: str) -> str:
    return str(typer.prompt(question, default="", hide_input=True, show_default=False)).strip()


def _split_words(line: str) -> list[str]:
    return line.replace(",", " ").split()


def _prompt_networks(yes: bool) -> list[str]:
    import ifaddr

    from agent.runtime.setup.networks import propose_networks

    addresses = (
        (adapter.nice_name, address.ip, address.network_prefix)
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str)
    )
    found = propose_networks(addresses)
    if not found and yes:
        raise typer.BadParameter("no local network to propose here; name them", param_hint="--network")
    return _split_words(_prompt_value("Networks to look for printers in", None, ", ".join(found), yes))


def _prompt_user(name: str, auth: str, priv: str, yes: bool) -> "SnmpV3User | None":
    from agent.runtime.setup.answers import SnmpV3User

    asking = not name and not yes
    name = name or _prompt_value("SNMPv3 user (empty: none)", None, "", yes)
    if not name:
        return None
    if asking:
        auth, priv = (
            _prompt_secret("Its authentication password (SHA256)"),
            _prompt_secret("Its privacy password (AES128)"),
        )
    return SnmpV3User(name=name, auth_password=auth, priv_password=priv)


def _print_written(path: Path, old: Path | None, given: "SetupAnswers") -> None:
    _common.out.print(f"written: {path}", markup=False, soft_wrap=True)
    if given.bearer or given.credentials:
        _common.out.print(
            f"secrets: {path.parent / 'secrets'}, for their owner only", markup=False, soft_wrap=True
        )
    if old:
        _common.out.print(f"the old one is kept: {old}", markup=False, soft_wrap=True)


def _try_settings(settings: "Config", given: "SetupAnswers", listen: float) -> bool:
    """Look for printers and call the provider. Return True if it could be reached."""
    from agent import app
    from agent.cli.discover import count_printers, discover_printers

    mdns = settings.mdns.model_copy(update={"enabled": listen > 0})
    quiet = settings.model_copy(update={"provider": type(settings.provider)(), "mdns": mdns})
    found = asyncio.run(discover_printers(app.build_agent_from(quiet), listen, quiet=False))
    columns = ("address", "vendor", "model", "serial", "seen by", "verdict")
    _common.print_table(
        counted(count_printers(found), "printer"), columns, ([row[name] for name in columns] for row in found)
    )
    if not count_printers(found):
        _common.out.print(
            "No printer answered. Those whose SNMP is switched off or has another community stay silent:\n"
            "`printwarden probe HOST --ask-community` tries one."
        )
    return _call_provider(given) if given.url else True


def _call_provider(given: "SetupAnswers") -> bool:
    from agent.runtime.setup import first_try

    try:
        said = asyncio.run(
            first_try.check_provider(given.url, Path(given.ca_file) if given.ca_file else None, given.proxy)
        )
    except OSError as why:
        _common.out.print(f"provider: {given.url} cannot be used yet: {why}", markup=False, soft_wrap=True)
        _common.out.print("The service will go on trying; what it finds meanwhile waits in the outbox.")
        return False
    _common.out.print(f"provider: {given.url} {said}", markup=False, soft_wrap=True)
    return True


def _enrol_agent(path: Path, *, now: bool) -> bool:
    """Enrol with the saved token, or print that the service will. Return False if that failed."""
    from agent.runtime.setup import enrolment

    settings = _common.load_settings(path)
    if not now:
        said = f"token: left in {settings.token_path}; the service enrols with it at its start"
        _common.out.print(said, markup=False, soft_wrap=True)
        return True
    well, said = asyncio.run(enrolment.enrol_with_saved_token(settings))
    _common.out.print(said, markup=False, soft_wrap=True)
    return well


def _is_system_config(path: Path) -> bool:
    """Return True if the service of this system reads this configuration."""
    from agent.core.paths import default_paths

    return path.absolute() == default_paths().config_file


def _print_next_steps(path: Path, *, enrolment: bool) -> None:
    from agent.runtime.host import systemd_install

    own = "" if _is_system_config(path) else f" --config {path}"
    steps = (
        [f"enrol: `printwarden enroll{own} --token-file FILE`, with the provider's token"]
        if enrolment
        else []
    )
    if own or not systemd_install.is_installed():
        steps.append(f"next: `printwarden once{own}` for one pass, `printwarden run{own}` to watch it run")
    if not own and systemd_install.is_installed():
        steps.append(
            "next: `systemctl restart printwarden`, and `printwarden service status` shows that it runs"
        )
    elif not own:
        steps.append("or as a service: `printwarden service install`")
    _common.out.print("\n".join(steps), markup=False, soft_wrap=True)


def _current_date() -> str:
    from agent.core.clock import Clock, format_iso_time

    return format_iso_time(Clock().now())[:10]
