"""What others may write is not believed."""

import sys

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
