"""`printwarden enroll`: enrol this agent with the provider by a one-time token."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from agent.cli import _common


def enroll(
    token_file: Annotated[
        str, typer.Option("--token-file", metavar="FILE|-", help="The token; - reads standard input.")
    ],
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Exchange the provider's one-time token for an identity of this agent.

    A key pair is made here and never leaves this machine. The file of a used token is removed. Enrolling
    again keeps the agent's name and everything that is queued. A token is not taken from the command line,
    where every user of the machine could read it. Start the service again afterwards if it runs without
    an identity.

    Example: printwarden enroll --token-file /run/token
    """
    from agent.runtime.setup import enrolment
    from uplink.errors import DeliveryError
    from uplink.identity.identity import NotEnrolled

    settings = _common.load_settings(config)
    if not settings.provider.url:
        raise typer.BadParameter("there is no [provider] url to enrol with", param_hint="--config")
    try:
        known = asyncio.run(enrolment.enrol_with_token(settings, token_file))
    except (NotEnrolled, DeliveryError) as why:
        typer.echo(f"not enrolled: {why}", err=True)
        raise typer.Exit(1) from None
    until = datetime.fromtimestamp(known.expires_at, UTC).isoformat(timespec="seconds")
    if as_json:
        _common.print_json({"agent_id": known.agent_id, "credential_until": until})
    else:
        _common.out.print(
            f"enrolled as {known.agent_id}; the credential is good until {until} and renews itself"
        )
