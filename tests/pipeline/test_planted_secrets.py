"""Secrets are where they live, and nowhere else; and what customer IT takes out has not left.

A real agent runs with everything switched on and the log at its most talkative, against real printers'
stand-ins and a real provider. Then everything that it wrote, said and sent is searched for what was planted.
"""

import asyncio
import base64
import json
import signal
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from loopback import HOME, own

from agent import config
from agent.core.errors import ConfigError, StoreError
from agent.core.store import open_reader
from agent.simulator import models
from agent.simulator.device import UsmUser
from uplink.outbox import queries
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX's")

PATIENCE = 90.0  # real seconds
FIRST = own("0.1")
PLACES = {"network": own("0.0/29"), "first": FIRST, "second": own("0.2")}
SECRETS = {
    "community": "planted-community-5521",
    "v3 authentication": "planted-auth-word-5522",
    "v3 privacy": "planted-priv-word-5523",
    "proxy": "planted-proxy-word-5524",
    "bearer": "planted-bearer-word-5525",
}
CONFIG = """
[site]
id = "S-04"
[provider]
url = "{url}/v1/events"
insecure_loopback = true
{how}
[[network]]
cidr = "{network}"
snmp_port = {port}
credentials = ["office", "office-v3", "public"]
[[printer]]
host = "{first}"
snmp_port = {port}
credentials = ["office"]
[[printer]]
host = "{second}"
snmp_port = {port}
credentials = ["office-v3"]
[[credential]]
name = "office"
community = "file:secrets/community"
[[credential]]
name = "office-v3"
version = "3"
user = "mps"
auth_protocol = "SHA256"
auth_password = "secret:v3-auth"
priv_protocol = "AES128"
priv_password = "env:PLANTED_PRIV"
[mdns]
enabled = false
[snmp]
timeout = "300 ms"
retries = 1
[rules]
first_days = "0 s"
[storage]
folder = "state"
[log]
level = "debug"
[egress]
remove = ["hostname", "location", "mac"]
mask = ["ip"]
"""
COMMANDS = [
    ["status"], ["status", "--json"], ["tickets", "--json"], ["outbox", "status", "--json"],
    ["outbox", "dead", "list", "--json"], ["egress", "tail", "--json"], ["egress", "show", "1"],
    ["meters", "show", "--json"], ["forecast", "--json"], ["rules", "precision", "--json"],
]  # fmt: skip


def written(secret: str) -> list[bytes]:
    """The ways in which a secret could stand somewhere."""
    raw = secret.encode()
    return [raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), quote(secret).encode()]


def found(secrets: dict[str, str], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where any of `secrets` stands: "community in agent.log"."""
    return [
        f"{name} in {place}"
        for place, content in places
        for name, secret in secrets.items()
        if any(form in content for form in written(secret))
    ]


def files(folder: Path, *homes: str) -> list[tuple[str, bytes]]:
    """Every file below `folder`, but for those below `homes`, where secrets live."""
    return [
        (str(file.relative_to(folder)), file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.relative_to(folder).parts[0] not in homes and "identity" not in file.parts
    ]


async def command(folder: Path, *words: str, env: dict[str, str]) -> bytes:
    """What a command says, on both of its outputs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", *words, "--config", str(folder / "config.toml"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=env,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said


async def service(folder: Path, env: dict[str, str], until: object) -> None:
    """Run the agent until `until()`, then end it; its log goes to agent.log."""
    with (folder / "agent.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", "run", "--config", str(folder / "config.toml"),
            stdout=log, stderr=log, env=env,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                while not until():  # type: ignore[operator]
                    assert process.returncode is None, (folder / "agent.log").read_text()[-2000:]
                    await asyncio.sleep(0.1)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


def arrived(database: Path, kind: str) -> int:
    with closing(EventStore(database)) as ledger:
        return ledger.count_events().get(kind, 0)


def accepted(folder: Path) -> int:
    """Messages that the agent has put into its outbox."""
    with suppress(StoreError, sqlite3.Error), closing(open_reader(folder / "state" / "printwarden.db")) as db:
        return queries.count_outbox(db).accepted
    return 0


@pytest.fixture
def guarded(shop):
    """Two printers: one asks for the planted community, one for SNMPv3 with the planted words."""
    fleet = shop(FIRST, (models.HP_M507, "healthy", ()), (models.KYOCERA_3253, "healthy", ()))
    first, second = fleet.members
    user = UsmUser(
        name="mps", auth_protocol="SHA256", auth_password=SECRETS["v3 authentication"],
        priv_protocol="AES128", priv_password=SECRETS["v3 privacy"],
    )  # fmt: skip
    fleet.members = (
        replace(first, community=SECRETS["community"]),
        replace(second, versions=frozenset(), user=user),
    )
    return fleet


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secrets").mkdir()
    for name, key in (("community", "community"), ("v3-auth", "v3 authentication"), ("bearer", "bearer")):
        (tmp_path / "secrets" / name).write_text(SECRETS[key] + "\n")
        (tmp_path / "secrets" / name).chmod(0o600)
    proxy = f"http://mps:{SECRETS['proxy']}@{HOME}:9"
    (tmp_path / "secrets" / "proxy").write_text(proxy + "\n")
    (tmp_path / "secrets" / "proxy").chmod(0o600)
    return tmp_path


ENV = {"PLANTED_PRIV": SECRETS["v3 privacy"], "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


async def test_no_secret_is_anywhere_but_where_it_lives(folder, guarded, monkeypatch):
    database, port = folder / "receiver.db", guarded.members[0].address.port

    def configure(how: str, url: str) -> None:
        (folder / "config.toml").write_text(CONFIG.format(**PLACES, how=how, url=url, port=port))

    async with guarded, serve_app(create_app(database, enrolment=True)) as url:
        with closing(EventStore(database)) as ledger:
            token = AgentAuth(ledger).issue_token("S-04", 2e9)
        (folder / "secrets" / "token").write_text(token)
        (folder / "secrets" / "token").chmod(0o600)
        configure("", url)
        said = [
            (
                "enroll",
                await command(folder, "enroll", "--token-file", str(folder / "secrets" / "token"), env=ENV),
            )
        ]
        assert (folder / "state" / "identity" / "key.pem").exists(), said
        await service(folder, ENV, lambda: accepted(folder) >= 3)  # both printers, and a heartbeat
        configure('proxy = "secret:proxy"', url)  # and again by a way that leads nowhere
        log = folder / "agent.log"
        await service(folder, ENV, lambda: b"nothing is lost" in log.read_bytes())
        configure('token_file = "secrets/bearer"\nproxy = "file:secrets/nowhere"', url)
        said.append(("a broken configuration", await command(folder, "status", env=ENV)))
        configure("", url)
        said += [(" ".join(words), await command(folder, *words, env=ENV)) for words in COMMANDS]
    monkeypatch.setenv("PLANTED_PRIV", SECRETS["v3 privacy"])
    known = config.load_config(folder / "config.toml")
    credential = json.loads((folder / "state" / "identity" / "credential.json").read_text())["credential"]
    secrets = SECRETS | {"token": token, "credential": credential, "key": private_part(folder)}
    searched = [*files(folder, "secrets"), *said, ("repr", repr(known).encode())]
    assert len(secrets["credential"]) > 20
    assert {"agent.log", "receiver.db", "state/printwarden.db", "state/audit.jsonl"} <= {
        name for name, _ in searched
    }
    assert found(secrets, searched) == []
    assert found({"serial": str(models.HP_M507.serial)}, searched), "the search finds what is there"


def private_part(folder: Path) -> str:
    """A line of the private key."""
    return (folder / "state" / "identity" / "key.pem").read_text().splitlines()[1]


async def test_what_customer_it_takes_out_has_not_left_and_waits_nowhere_to_leave(folder, shop):
    fleet = shop(FIRST, (replace(models.HP_M507, location="Planted Wing 5526"), "healthy", ()))
    database, port = folder / "receiver.db", fleet.members[0].address.port
    text = CONFIG.replace('["office", "office-v3", "public"]', '["public"]').replace(
        '["office"]', '["public"]'
    )
    async with fleet, serve_app(create_app(database)) as url:
        (folder / "config.toml").write_text(text.format(**PLACES, how="", url=url, port=port))
        for _ in range(2):  # by the second pass it is known what the provider takes
            await command(folder, "once", env=ENV)
        kinds = ("mps.meter_read/1", "mps.agent_health/1", "mps.device_inventory/1")
        assert all(arrived(database, kind) for kind in kinds)
        journal = await command(folder, "egress", "tail", "-n", "1000", "--json", env=ENV)
    mac = models.HP_M507.mac
    taken_out = {
        "location": "Planted Wing 5526", "mac": mac, "ip": FIRST,
        "mac in pairs": ":".join(mac[at : at + 2] for at in range(0, 12, 2)),
    }  # fmt: skip
    left = [(name, content) for name, content in files(folder) if name.startswith("receiver.db")]
    assert found(taken_out, [*left, ("the journal", journal)]) == []
    assert FIRST.replace(".0.1", ".0.x").encode() in journal, "masked, not lost"
    here = [(name, content) for name, content in files(folder) if name.startswith("state/printwarden.db")]
    assert {one.partition(" in ")[0] for one in found(taken_out, here)} >= {"location", "mac", "ip"}


@pytest.mark.parametrize("form", range(4), ids=["plain", "base64", "hex", "quoted"])
def test_the_search_finds_a_secret_however_it_is_written(tmp_path, form):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "dump").write_bytes(b"so: " + written("a secret/5527")[form] + b"==")
    assert found({"planted": "a secret/5527"}, files(tmp_path)) == [f"planted in {Path('state') / 'dump'}"]


@pytest.mark.parametrize(
    "broken",
    ['community = 5', 'comunity = "planted-community-5521"', 'community = ["planted-community-5521"]',
     'auth_password = "short55"\nauth_protocol = "SHA256"', 'version = "3"\ncommunity = "planted-community-5521"'],
)  # fmt: skip
def test_a_complaint_about_a_secret_does_not_tell_it(tmp_path, broken):
    file = tmp_path / "config.toml"
    file.write_text(f'[[credential]]\nname = "a"\n{broken}\n')
    with pytest.raises(ConfigError) as caught:
        config.load_config(file)
    assert "planted" not in str(caught.value)
    assert "short55" not in str(caught.value)
