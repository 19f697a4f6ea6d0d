"""The compose file: what it starts can be started, and no secret is in it."""

import re
from pathlib import Path

import pytest
import yaml
from loopback import LOCALHOST
from typer.testing import CliRunner

from agent.cli import build_cli

FOLDER = Path(__file__).parents[2] / "packaging" / "container"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]


def complaints(compose):
    """Everything in a compose file that would not do."""
    services = compose["services"].items()
    published = [(name, port) for name, service in services for port in service.get("ports", [])]
    found = [
        f"{name}: {port} is published to everybody"
        for name, port in published
        if not port.startswith(f"{LOCALHOST}:")
    ]
    found += [f"{name}: may do everything" for name, one in services if "build" in one and not locked(one)]
    found += [
        f"{name}: {secret} is not declared"
        for name, one in services
        for secret in secrets(one) - compose["secrets"].keys()
    ]
    known = re.compile(r"(?i)(password|token|secret)\w*\s*[=:]\s*(?!/run/secrets/)\S|://[^/@\s]+:[^/@\s]+@")
    found += [f"{name}: a secret in clear" for name, one in services if known.search(spelt(one))]
    return found


def locked(service):
    return (
        service.get("read_only")
        and service.get("cap_drop") == ["ALL"]
        and "no-new-privileges:true" in service.get("security_opt", [])
    )


def secrets(service):
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}


def spelt(service):
    """Its environment and command, on one line each."""
    environment = service.get("environment") or {}
    return "\n".join(
        [*(f"{key}={value}" for key, value in environment.items()), " ".join(service.get("command", []))]
    )


def test_it_publishes_loopback_only_keeps_its_services_locked_and_holds_no_secret():
    assert complaints(COMPOSE) == []


@pytest.mark.parametrize(
    ("service", "key", "value", "said"),
    [
        ("receiver", "ports", ["8443:8443"], "published to everybody"),
        ("receiver", "read_only", False, "may do everything"),
        ("agent", "cap_drop", [], "may do everything"),
        ("agent", "secrets", ["token"], "is not declared"),
        ("database", "environment", {"POSTGRES_PASSWORD": "hunter2"}, "a secret in clear"),
        ("receiver", "command", ["receive", "--database", "postgresql://printwarden:hunter2@database/x"], "a secret in clear"),
    ],
)  # fmt: skip
def test_what_would_not_do_is_found(service, key, value, said):
    """The negative controls: the same file with one thing wrong."""
    wrong = {**COMPOSE, "services": {**SERVICES, service: {**SERVICES[service], key: value}}}
    (found,) = complaints(wrong)
    assert said in found


def test_what_it_builds_and_mounts_is_there():
    for one in SERVICES.values():
        for volume in one.get("volumes", []):
            name = volume.split(":")[0]
            assert name.startswith("./") or name in COMPOSE["volumes"], volume
        if "build" in one:
            context = (FOLDER / one["build"]["context"]).resolve()
            assert (context / one["build"]["dockerfile"]).is_file()
    for secret in COMPOSE["secrets"].values():
        assert not (FOLDER / secret["file"]).exists(), "secrets are no part of the project"


def test_the_agent_alone_is_what_starts_without_a_profile():
    assert [name for name, one in SERVICES.items() if not one.get("profiles")] == ["agent"]
    assert SERVICES["agent"]["network_mode"] == "host", "mDNS and sweeps"
    assert SERVICES["receiver"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_the_receivers_command_is_one_that_exists():
    flags = [word for word in SERVICES["receiver"]["command"] if word.startswith("--")]
    told = CliRunner().invoke(build_cli(["receive"]), ["receive", "--help"], env={"COLUMNS": "200"}).stdout
    assert flags
    assert not [flag for flag in flags if flag not in told]
