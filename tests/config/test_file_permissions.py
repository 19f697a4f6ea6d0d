"""What others may write is not believed."""

import sys
import tempfile
from pathlib import Path

import pytest

from agent import app, config
from agent.config import file_permissions
from agent.core.errors import ConfigError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="mode bits; there the access list does it")


@pytest.fixture
def written(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("")
    return file


@pytest.mark.parametrize(
    ("mode", "who"),
    [(0o600, None), (0o640, None), (0o644, None), (0o444, None), (0o400, None), (0o755, None),
     (0o660, "its group"), (0o664, "its group"), (0o620, "its group"),
     (0o666, "everybody"), (0o602, "everybody"), (0o777, "everybody")],
    ids=lambda value: f"{value:o}" if isinstance(value, int) else str(value),
)  # fmt: skip
def test_a_configuration_that_others_may_write_is_refused(written, mode, who):
    written.chmod(mode)
    if who is None:
        assert config.load_config(written).site.id == "site"
        return
    with pytest.raises(ConfigError) as caught:
        config.load_config(written)
    said = str(caught.value)
    assert f"{written}: {who} may write it (mode {mode:04o})" in said
    assert f"chmod go-w {written}" in said
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("credential[1].community", '[[credential]]\nname = "a"\ncommunity = "file:secret"\n'),
        ("provider.token_file", '[provider]\nurl = "https://mps.example/v1/events"\ntoken_file = "secret"\n'),
        ("provider.ca_file", '[provider]\nurl = "https://mps.example/v1/events"\nca_file = "secret"\n'),
        ("provider.proxy", '[provider]\nproxy = "file:secret"\n'),
    ],
)
def test_a_secret_that_others_may_write_is_refused_by_its_key(written, key, text):
    secret = written.parent / "secret"
    secret.write_text("http://proxy:3128\n")
    secret.chmod(0o640)
    written.write_text(text)
    config.load_config(written)
    secret.chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        config.load_config(written)
    assert f"{key}: secret: everybody may write it" in str(caught.value)


SECRETS = {
    "credential[1].community": '[[credential]]\nname = "a"\ncommunity = "office-9317"\n',
    "credential[1].auth_password": '[[credential]]\nname = "a"\nversion = "3"\nuser = "u"\n'
    'auth_protocol = "SHA256"\nauth_password = "long enough"\n',
    "provider.proxy": '[provider]\nproxy = "http://agent:hunter2@proxy:3128"\n',
}
NO_SECRETS = (
    '[[credential]]\nname = "a"\ncommunity = "public"\n',
    '[[credential]]\nname = "a"\ncommunity = "env:HOME"\n',
    '[provider]\nproxy = "http://proxy:3128"\n',
)


@pytest.fixture
def in_the_open():
    """A configuration in folders that everybody may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "config.toml"


@pytest.mark.parametrize("key", SECRETS)
def test_a_secret_in_a_configuration_that_everybody_may_read_is_refused(in_the_open, key):
    in_the_open.write_text(SECRETS[key])
    in_the_open.chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        config.load_config(in_the_open)
    said = str(caught.value)
    assert f"{key}: a secret stands in this file, and everybody may read it (mode 0644)" in said
    assert f"chmod o-rwx {in_the_open}" in said
    assert not any(secret in said for secret in ("office-9317", "long enough", "hunter2"))
    in_the_open.chmod(0o640)
    config.load_config(in_the_open)


@pytest.mark.parametrize("text", NO_SECRETS)
def test_a_configuration_without_secrets_may_be_read_by_everybody(in_the_open, text):
    in_the_open.write_text(text)
    in_the_open.chmod(0o644)
    config.load_config(in_the_open)


def test_what_nobody_else_can_reach_is_not_refused(in_the_open):
    """As in /etc/printwarden, which is 0750: an upgrade stops no agent whose secrets are safe."""
    in_the_open.write_text(SECRETS["credential[1].community"])
    in_the_open.chmod(0o644)
    in_the_open.parent.chmod(0o750)
    config.load_config(in_the_open)


def test_a_file_that_is_not_there_is_somebody_elses_complaint(tmp_path):
    assert file_permissions.check_permissions(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["secrets_mail", "mail"])
def test_a_credential_of_systemd_is_a_secret_everywhere(written, monkeypatch, name):
    """From a loaded folder (secrets_mail), or loaded by itself; also in the table of a target."""
    loaded = written.parent / "loaded"
    loaded.mkdir()
    (loaded / name).write_text("from-systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(loaded))
    written.write_text(
        '[[credential]]\nname = "a"\ncommunity = "secret:mail"\n[target]\n'
        'smtp = { host = "localhost", security = "none", sender = "a@b", recipient = "c@d", user = "u", '
        'password_file = "secret:mail" }\n'
    )
    settings = config.load_config(written)
    assert settings.credential[0].community == "from-systemd"
    target = app.build_target(settings)
    assert target._settings.password_file == loaded / name


def test_files_of_a_target_lie_beside_the_configuration(written):
    written.write_text('[target]\nfolder = { path = "out" }\n')
    assert app.build_target(config.load_config(written))._settings.path == written.parent / "out"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("credential[1].community", '[[credential]]\nname = "a"\ncommunity = "file:secret"\n'),
        ("credential[1].community", '[[credential]]\nname = "a"\ncommunity = "secret:secret"\n'),
        ("provider.token_file", '[provider]\nurl = "https://mps.example/v1/events"\ntoken_file = "secret"\n'),
        ("provider.proxy", '[provider]\nproxy = "file:secret"\n'),
    ],
)
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o444], ids="{:o}".format)
def test_a_secret_that_everybody_may_read_is_refused_by_its_key(written, key, text, mode):
    (written.parent / "secrets").mkdir()
    for secret in (written.parent / "secret", written.parent / "secrets" / "secret"):
        secret.write_text("http://proxy:3128\n")
        secret.chmod(mode)
    written.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load_config(written)
    assert f"{key}: secret: everybody may read it (mode {mode:04o})" in str(caught.value)
    assert "chmod o-rwx" in str(caught.value)
