"""`printwarden init`: what is proposed, asked, written and tried."""

import asyncio
import os
import stat
import subprocess
import sys
import tomllib

import pytest
from loopback import HOME, LOCALHOST, own

from agent import config
from agent.core.errors import ConfigError
from agent.runtime.setup import answers, config_writer, first_try
from agent.runtime.setup.answers import SetupAnswers, SnmpV3User
from agent.runtime.setup.networks import propose_networks
from agent.simulator import models
from agent.simulator.device import build_printer, list_addresses
from agent.simulator.fleet import SimulatedFleet
from uplink.receiver.app import create_app
from uplink.receiver.certificates import create_certificates
from uplink.receiver.serve import serve_app

FULL = SetupAnswers(
    site='Öffis "4"',
    networks=(own("0.0/29"), own("5.0/29")),
    communities=("s3cret", "public"),
    user=SnmpV3User(name="mps", auth_password="auth-word", priv_password="priv-word"),
    url="https://provider.example/v1/events",
    bearer="t0ken",
    proxy="http://anna:pr0xy@proxy.example:3128",
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


@pytest.mark.parametrize(
    ("story", "interfaces", "networks"),
    [
        ("an office", [("eth0", "192.168.10.7", 24)], ["192.168.10.0/24"]),
        ("two, one of them twice", [("e0", "10.1.2.3", 23), ("e1", "10.9.0.9", 24), ("e2", "10.1.3.4", 23)], ["10.1.2.0/23", "10.9.0.0/24"]),
        ("a very large one: the part around us", [("eth0", "10.20.30.40", 8)], ["10.20.30.0/24"]),
        ("a /20 is what is asked without a word", [("eth0", "10.20.30.40", 20)], ["10.20.16.0/20"]),
        ("loopback, link-local, public", [("lo", LOCALHOST, 8), ("e0", "169.254.3.4", 16), ("e1", "8.8.8.8", 24)], []),
        ("containers and tunnels", [("docker0", "172.17.0.1", 16), ("br-1f", "172.18.0.1", 16), ("tun0", "10.8.0.2", 24)], []),
        ("a point-to-point link", [("ppp0", "10.0.0.1", 32), ("e0", "10.0.0.1", 31)], []),
    ],
)  # fmt: skip
def test_the_networks_of_the_office_are_proposed(story, interfaces, networks):
    assert propose_networks(interfaces) == networks


def test_what_is_written_is_what_was_answered(tmp_path):
    config_writer.write_config(tmp_path / "config.toml", FULL, today="2026-11-22")
    loaded = config.load_config(tmp_path / "config.toml")
    assert loaded.site.id == FULL.site
    assert [str(place.cidr) for place in loaded.network] == list(FULL.networks)
    assert loaded.network[0].credentials == ("snmpv3", "community-1", "public")
    assert loaded.provider.proxy == FULL.proxy
    community, user = loaded.credential
    assert community.community == "s3cret"
    assert (user.user, user.auth_password, user.priv_password) == ("mps", "auth-word", "priv-word")
    assert loaded.resolve_path(loaded.provider.token_file).read_text() == "t0ken\n"


def test_no_secret_is_in_the_configuration_itself(tmp_path):
    text = config_writer.format_config(FULL, "2026-11-22")
    assert not [secret for secret in ("s3cret", "auth-word", "priv-word", "t0ken", "pr0xy") if secret in text]
    assert tomllib.loads(text)["config_version"] == 1


@posix
def test_secrets_are_their_owners_alone(tmp_path):
    config_writer.write_config(tmp_path / "new" / "config.toml", FULL, today="2026-11-22")
    folder = tmp_path / "new" / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(
        ["community-1", "provider.token", "proxy", "site.key", "snmpv3-auth", "snmpv3-priv"], 0o600
    )


@pytest.mark.parametrize(
    "least", [SetupAnswers(), SetupAnswers(networks=(own("0.0/29"),), communities=("public",))]
)
def test_the_least_answers_make_a_configuration_too(tmp_path, least):
    config_writer.write_config(tmp_path / "config.toml", least, today="2026-11-22")
    assert config.load_config(tmp_path / "config.toml").credential == ()


def test_a_configuration_that_is_there_is_left_alone_unless_forced(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("# mine\n")
    with pytest.raises(ConfigError, match="is there already"):
        config_writer.write_config(path, FULL, today="2026-11-22")
    assert path.read_text() == "# mine\n"
    assert (
        config_writer.write_config(path, FULL, today="2026-11-22", force=True) == tmp_path / "config.toml.old"
    )
    assert (tmp_path / "config.toml.old").read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"networks": ("192.168.1.7/24",)}, 'did you mean "192.168.1.0/24"'),
        ({"networks": ("10.0.0.0/8",)}, "more than a /20"),
        ({"url": "http://provider.example"}, "use https://"),
        ({"user": SnmpV3User(name="mps", auth_password="short")}, "at least 8 characters"),
        ({"site": ""}, "site.id"),
    ],
)
def test_a_wrong_answer_is_told_before_anything_is_written(tmp_path, wrong, said):
    with pytest.raises(ConfigError) as caught:
        answers.check_answers(SetupAnswers(**wrong), tmp_path)
    assert said in str(caught.value)


def run(*arguments, typed="", environment=None):
    command = [sys.executable, "-m", "agent", "init", *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return subprocess.run(
        command,
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**clean, **(environment or {})},
    )


async def test_the_first_printers_are_shown_and_the_provider_is_called(tmp_path):
    [place] = list_addresses(own("1.1"), 0, 1)
    members = [build_printer(models.HP_M507, "healthy", place)]
    certificates = create_certificates(tmp_path / "tls")
    async with (
        SimulatedFleet(members) as fleet,
        serve_app(create_app(tmp_path / "r.db"), certificates=certificates) as url,
    ):
        ended = await asyncio.to_thread(
            run, "--yes", "--config", str(tmp_path / "config.toml"), "--network", own("1.0/30"), "--listen", "0s",
            "--port", str(fleet.members[0].address.port), "--site", "S-04",
            "--provider", f"{url}/v1/events", "--ca-file", str(certificates.ca_file),
        )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert models.HP_M507.serial in ended.stdout
    assert "its certificate is good" in ended.stdout
    assert config.load_config(tmp_path / "config.toml").site.id == "S-04"


def test_it_asks_for_what_no_flag_gave(tmp_path):
    typed = f"S-09\n{own('2.0/30')}, {own('3.0/30')}\nours\n\nhttps://provider.example/v1/events\n\n"
    ended = run("--config", str(tmp_path / "config.toml"), "--no-try", typed=typed)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    loaded = config.load_config(tmp_path / "config.toml")
    assert loaded.site.id == "S-09"
    assert [str(place.cidr) for place in loaded.network] == [own("2.0/30"), own("3.0/30")]
    assert loaded.credential[0].community == "ours"
    assert loaded.provider.url == "https://provider.example/v1/events"


def test_a_trial_keeps_its_state_beside_its_configuration(tmp_path):
    """Two configurations on one machine are two agents, and neither is the installed one."""
    first = (
        "--yes",
        "--no-try",
        "--network",
        own("2.0/30"),
        "--provider",
        "https://provider.example/v1/events",
    )
    ended = run(*first, "--config", str(tmp_path / "trial" / "config.toml"))
    assert config.load_config(tmp_path / "trial" / "config.toml").state_folder == tmp_path / "trial" / "state"
    assert f"printwarden enroll --config {tmp_path}/trial/config.toml --token-file FILE" in ended.stdout
    run(*first, environment={"PRINTWARDEN_HOME": str(tmp_path / "home")})
    assert config.load_config(tmp_path / "home" / "config.toml").storage.folder is None, (
        "where this system has it"
    )
    run(*first, "--config", str(tmp_path / "in" / "config.toml"), environment={"STATE_DIRECTORY": "/state"})
    assert config.load_config(tmp_path / "in" / "config.toml").storage.folder is None, (
        "a container says where"
    )


def test_a_wrong_flag_writes_nothing(tmp_path):
    ended = run("--yes", "--config", str(tmp_path / "config.toml"), "--network", "192.168.1.7/24", "--no-try")
    assert ended.returncode == 2
    assert 'did you mean "192.168.1.0/24"' in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_provider_that_cannot_be_reached_or_believed_is_told(tmp_path):
    ended = run(
        "--yes", "--config", str(tmp_path / "config.toml"), "--network", own("4.0/30"), "--listen", "0s",
        "--port", "9", "--provider", f"https://{HOME}:1/v1/events",
    )  # fmt: skip
    assert ended.returncode == 1
    assert "cannot be used yet" in ended.stdout
    assert "No printer answered" in ended.stdout
    assert (tmp_path / "config.toml").exists(), "it stands all the same"


async def test_a_stranger_in_the_providers_place_is_not_believed(tmp_path):
    async with serve_app(
        create_app(tmp_path / "r.db"), certificates=create_certificates(tmp_path / "tls")
    ) as url:
        with pytest.raises(OSError, match=r"(?i)certificate"):
            await first_try.check_provider(url, environment={})


async def test_behind_a_proxy_the_provider_is_not_called():
    said = await first_try.check_provider(
        "https://provider.invalid", environment={"HTTPS_PROXY": "http://proxy.invalid:3128"}
    )
    assert "not tried" in said
