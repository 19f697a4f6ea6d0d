"""`printwarden conform`: ask any backend whether it keeps the contract."""

import asyncio
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common

if TYPE_CHECKING:
    from uplink.conformance.report import ClauseResult

UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="Where events go: https://…/v1/events.")]
CaFileOption = Annotated[
    Path | None, typer.Option(help="PEM file of a private CA.", exists=True, dir_okay=False)
]
TokenFileOption = Annotated[
    Path | None, typer.Option(help="File with the shared bearer token.", exists=True, dir_okay=False)
]
EnrolOption = Annotated[
    Path | None,
    typer.Option(help="File with a one-time token: enrols an agent and checks that, too.", dir_okay=False),
]
SiteOption = Annotated[str, typer.Option(help="The site to speak for; that of the one-time token.")]
LoopbackOption = Annotated[bool, typer.Option("--insecure-loopback", help="Plain http, on loopback only.")]


def conform(
    url: UrlArgument,
    ca_file: CaFileOption = None,
    token_file: TokenFileOption = None,
    enrol_token_file: EnrolOption = None,
    site: SiteOption = "conformance",
    insecure_loopback: LoopbackOption = False,
    as_json: _common.AsJson = False,
) -> None:
    """Check a provider's backend against the contract: each finding names its clause (docs/provider.md).

    Sends a few hundred events about a printer that does not exist, and cancels its tickets afterwards: use a
    backend for trials, or a site of its own. Takes less than a minute. Exit code 1 if there is a finding.

    Examples:

      printwarden conform https://mps.example.com/v1/events --token-file token

      printwarden conform https://mps.example.com/v1/events --enrol-token-file token --site S-TEST
    """
    from uplink.errors import DeliveryError
    from uplink.identity.identity import NotEnrolled
    from uplink.targets import https

    token = token_file.read_text("utf-8").strip() if token_file else None
    try:
        settings = https.Settings(url=url, ca_file=ca_file, insecure_loopback=insecure_loopback)
        results = asyncio.run(_check_backend(settings, token, enrol_token_file, site))
    except ValueError as why:
        errors = getattr(why, "errors", None)  # of pydantic, whose own text is not for people
        told = str(errors()[0]["msg"]) if errors else str(why)
        told = told.removeprefix("Value error, ").replace("insecure_loopback", "--insecure-loopback")
        raise typer.BadParameter(told, param_hint="URL") from None
    except (NotEnrolled, DeliveryError) as why:
        typer.echo(f"not enrolled: {why}", err=True)
        raise typer.Exit(1) from None
    findings = [one for one in results if one.finding]
    if as_json:
        _common.print_json([asdict(one) for one in results])
    else:
        rows = [
            (one.number, "broken" if one.finding else "not asked" if one.not_asked else "kept",
             one.finding or one.not_asked or one.text)
            for one in results
        ]  # fmt: skip
        asked = [one for one in results if not one.not_asked]
        title = f"{len(asked) - len(findings)} of {len(asked)} clauses kept"
        _common.print_table(title, ("clause", "", "what was seen, or what it says"), rows)
    raise typer.Exit(1 if findings else 0)


async def _check_backend(
    settings: "object", token: str | None, enrol_token_file: Path | None, site: str
) -> "list[ClauseResult]":
    """Enrol if asked to, and check every clause."""
    from uplink.conformance.probe import BackendProbe
    from uplink.conformance.report import check_backend
    from uplink.identity import identity
    from uplink.targets import https

    assert isinstance(settings, https.Settings)  # noqa: S101 - made above
    with tempfile.TemporaryDirectory(prefix="printwarden-conform-") as folder:
        async with https.build_client(settings) as client:
            known = None
            if enrol_token_file:
                known = await identity.enrol_agent(
                    client, settings.url, Path(folder) / "identity",
                    token_source=str(enrol_token_file), site_id=site,
                )  # fmt: skip
            probe = BackendProbe(client=client, url=settings.url, site_id=site, token=token, identity=known)
            return [result async for result in check_backend(probe)]
