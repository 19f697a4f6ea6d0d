"""From a token to an agent that its provider knows: during the first run, or by the service itself."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing

import pytest
from loopback import LOCALHOST, free_port, own

from agent import config
from agent.core import audit
from agent.runtime.setup import enrolment
from uplink.identity import identity
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.certificates import create_certificates
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

SITE = "S-04"
PATIENCE = 60
posix = pytest.mark.skipif(sys.platform == "win32", reason="ended by a signal")


class Provider:
    """A receiver that takes enrolled agents only; it can be there or not, always at the same address."""

    def __init__(self, folder):
        self.folder, self.database = folder, folder / "receiver.db"
        self.certificates = create_certificates(folder / "tls")
        self.port = free_port(socket.SOCK_STREAM, LOCALHOST)
        EventStore(self.database).close()
        self.url = f"https://{LOCALHOST}:{self.port}/v1/events"

    @asynccontextmanager
    async def there(self):
        app = create_app(self.database, enrolment=True)
        async with serve_app(app, port=self.port, certificates=self.certificates):
            yield

    def token(self, site=SITE, life=3600.0):
        with closing(EventStore(self.database)) as ledger:
            return AgentAuth(ledger).issue_token(site, time.time(), life)

    def agents(self):
        with closing(EventStore(self.database)) as ledger:
            return {agent["agent_id"] for agent in ledger.list_agents()}

    def events(self):
        """The data of each event that has arrived."""
        with closing(EventStore(self.database)) as ledger:
            return [json.loads(row["data"]) for row in ledger.db.fetch_rows("SELECT data FROM event", ())]


@pytest.fixture
def provider(tmp_path):
    return Provider(tmp_path)


@pytest.fixture
def home(tmp_path):
    """The folder that stands for the system's own places."""
    return tmp_path / "home"


def clean(home, **more):
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return {**kept, "PRINTWARDEN_HOME": str(home), **more}


def init(provider, home, *more, typed="", **environment):
    """`printwarden init`, with no printer to look for."""
    command = [
        sys.executable, "-m", "agent", "init", "--network", own("9.0/30"), "--port", "9", "--site", SITE, "--listen", "0s",
        "--provider", provider.url, "--ca-file", str(provider.certificates.ca_file), *more,
    ]  # fmt: skip
    return subprocess.run(
        command, input=typed, capture_output=True, text=True, timeout=PATIENCE, check=False,
        env=clean(home, **environment),
    )  # fmt: skip


@asynccontextmanager
async def service(home):
    """The service, running; it must end cleanly."""
    with (home / "log").open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", "run", env=clean(home), stderr=log
        )
        try:
            await until(lambda: "watches over" in (home / "log").read_text(), home)
            yield child
            child.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(child.wait(), PATIENCE) == 0, (home / "log").read_text()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()


async def until(condition, home):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.05)


def settings(home):
    """The configuration there, with the state where PRINTWARDEN_HOME has it."""
    found = config.load_config(home / "config.toml")
    return found.model_copy(update={"storage": found.storage.model_copy(update={"folder": "state"})})


@pytest.mark.parametrize("way", ["a file", "a prompt"])
async def test_the_first_run_enrols_and_keeps_no_token(provider, home, tmp_path, way):
    token, file = provider.token(), tmp_path / "token"
    file.write_text(f"{token}\n")
    more, typed = {
        "a file": (["--yes", "--token-file", str(file)], ""),
        "a prompt": (["--community", "public"], f"\n{token}\n"),
    }[way]
    async with provider.there():
        ended = await asyncio.to_thread(init, provider, home, *more, typed=typed)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    known = identity.load_identity(settings(home).identity_folder)
    assert provider.agents() == {known.agent_id}
    assert f"enrolled as {known.agent_id}" in ended.stdout
    assert not settings(home).token_path.exists()
    assert file.exists() == (way != "a file"), "the file of a used token goes"
    assert not [path for path in home.rglob("*") if path.is_file() and token in path.read_text("latin-1")]
    assert token not in ended.stdout + ended.stderr
    assert [line["action"] for line in audit.read_entries(settings(home).state_folder)] == ["enrolled"]


async def test_a_token_that_is_refused_is_told_and_the_configuration_stands(provider, home):
    token = provider.token(life=-1.0)
    async with provider.there():
        ended = await asyncio.to_thread(init, provider, home, "--yes", PRINTWARDEN_TOKEN=token)
    assert ended.returncode == 1
    assert "the provider refuses the token" in ended.stdout
    assert "ask it for a new one" in ended.stdout
    assert "printwarden enroll --token-file" in ended.stdout
    assert settings(home).site.id == SITE
    assert not settings(home).token_path.exists(), "it is good for nothing"
    assert identity.load_identity(settings(home).identity_folder) is None


@pytest.mark.parametrize(
    ("more", "token", "said"),
    [
        ([], "short", "no enrolment token"),
        (["--token-file", "/nowhere/token"], "", "cannot be read"),
        (["--provider", ""], "a" * 32, "name it"),
    ],
)
def test_what_cannot_be_a_token_writes_nothing(provider, home, more, token, said):
    ended = init(provider, home, "--yes", *more, PRINTWARDEN_TOKEN=token)
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())
    assert not home.exists()


def test_the_command_line_takes_no_token(provider, home):
    """Every user of the machine could read it there."""
    ended = init(provider, home, "--yes", "--token", "a" * 32)
    assert ended.returncode == 2
    assert "No such option" in ended.stderr
    assert not home.exists()


@posix
async def test_with_the_provider_away_the_service_enrols_when_it_is_back_and_delivers_all(provider, home):
    ended = await asyncio.to_thread(init, provider, home, "--yes", PRINTWARDEN_TOKEN=provider.token())
    assert ended.returncode == 1, "the provider could not be reached"
    assert "The service enrols by itself as soon as the provider answers" in ended.stdout
    left = settings(home).token_path
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    async with service(home):
        await asyncio.sleep(1)
        assert left.exists()
        assert provider.agents() == set()
        async with provider.there():
            await until(provider.events, home)
    known = identity.load_identity(settings(home).identity_folder)
    assert provider.agents() == {known.agent_id}
    assert {event["agent"]["agent_id"] for event in provider.events()} == {known.agent_id}, (
        "what was put into the queue before has the agent's name, too"
    )
    assert not left.exists()
    assert f"enrolled with {provider.url} as {known.agent_id}" in (home / "log").read_text()
    assert "enrolled" in [line["action"] for line in audit.read_entries(settings(home).state_folder)]


@posix
async def test_a_file_that_an_installer_left_enrols_at_the_first_start(provider, home):
    """What the MSI does: `init --no-try`, and the token by WriteIniValues."""
    assert init(provider, home, "--yes", "--no-try").returncode == 0
    left = settings(home).token_path
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(f"[enrolment]\r\ntoken={provider.token()}\r\n".encode())
    async with provider.there(), service(home):
        await until(provider.events, home)
    assert not left.exists()
    assert provider.agents() == {identity.load_identity(settings(home).identity_folder).agent_id}


@posix
async def test_a_service_whose_token_is_refused_says_so_runs_on_and_takes_another(provider, home):
    ended = init(provider, home, "--yes", "--no-try", PRINTWARDEN_TOKEN=provider.token("S-05"))
    assert "the service enrols with it at its start" in ended.stdout
    async with provider.there(), service(home) as child:
        await until(lambda: "the provider refuses the token" in (home / "log").read_text(), home)
        assert child.returncode is None
        assert "printwarden enroll --token-file" in (home / "log").read_text()
        better = home / "better"
        better.write_text(provider.token())
        taken = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "agent", "enroll", "--token-file", str(better), "--json"],
            capture_output=True, check=True, env=clean(home),
        )  # fmt: skip
        assert provider.agents() == {json.loads(taken.stdout)["agent_id"]}
    async with provider.there(), service(home):
        await until(provider.events, home)


async def test_an_answer_that_was_lost_is_given_again_to_the_same_key_only(provider, home, tmp_path):
    """The negative control is a second machine with the token of the first."""
    token = provider.token()
    init(provider, home, "--yes", "--no-try")
    here, there = settings(home), settings(home).model_copy(update={"folder": tmp_path})
    async with provider.there():
        enrolment.save_token(here, token)
        first = await enrolment.enrol_with_token(here, str(here.token_path))
        (here.identity_folder / "credential.json").unlink()
        enrolment.save_token(here, token)
        again = await enrolment.enrol_with_token(here, str(here.token_path))
        assert again.agent_id == first.agent_id
        assert again.credential != first.credential
        stolen = tmp_path / "stolen"
        stolen.write_text(token)
        elsewhere = there.model_copy(update={"storage": there.storage.model_copy(update={"folder": "else"})})
        with pytest.raises(identity.NotEnrolled, match="it is used"):
            await enrolment.enrol_with_token(elsewhere, str(stolen))
    assert provider.agents() == {first.agent_id}
