"""Enrolment with the provider, now or later by the service.

    token ──left──► state/enrolment.token ──► enrolled now: the file is gone, the identity beside it
                                          └─► no answer: the service enrols later

Run by root for the installed service, the files made here are given to the service's own user.
"""

import os
import sys
from pathlib import Path

from agent import app
from agent.config import Config
from agent.core import audit
from agent.core.paths import default_paths
from uplink.errors import DeliveryError
from uplink.identity.identity import AgentIdentity, NotEnrolled, enrol_agent
from uplink.targets import https

SERVICE_USER = "printwarden"  # the user and group of the installed service


def save_token(settings: Config, token: str) -> Path:
    """Put the token where the service looks for it, for its eyes only."""
    place = settings.token_path
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.unlink(missing_ok=True)
    with os.fdopen(
        os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(f"{token}\n")
    give_state_to_service(settings.state_folder)
    return place


async def enrol_with_token(settings: Config, token_source: str) -> AgentIdentity:
    """Enrol with the token in the file `token_source`, or on standard input ("-").

    Raises NotEnrolled if the token is refused, another DeliveryError if the provider cannot be asked now.
    """
    there = app.build_provider_settings(settings)
    async with https.build_client(there) as client:
        known = await enrol_agent(
            client, there.url, settings.identity_folder, token_source=token_source, site_id=settings.site.id
        )
    audit.append_entry(settings.state_folder, "enrolled", agent_id=known.agent_id, provider=there.url)
    give_state_to_service(settings.state_folder)
    return known


async def enrol_with_saved_token(settings: Config) -> tuple[bool, str]:
    """Enrol with the saved token. Return whether it is done, and a sentence for a person."""
    try:
        known = await enrol_with_token(settings, str(settings.token_path))
    except NotEnrolled as why:
        settings.token_path.unlink(missing_ok=True)
        return False, f"not enrolled: {why}. Then: `printwarden enroll --token-file FILE`"
    except DeliveryError as why:
        return True, f"not enrolled yet: {why}. The service enrols by itself as soon as the provider answers"
    return True, f"enrolled as {known.agent_id}"


def give_state_to_service(state: Path) -> None:
    """Give the state folder of the installed service to its user; any other folder keeps its owner."""
    if sys.platform != "win32" and os.geteuid() == 0 and state == default_paths().state:
        import pwd  # noqa: PLC0415 - exists on POSIX only

        try:
            user = pwd.getpwnam(SERVICE_USER)
        except KeyError:  # not installed as a service
            return
        for path in (state, *state.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
