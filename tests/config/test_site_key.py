"""The key under which masked values become fingerprints."""

import stat
import sys

import pytest

from agent import app, config
from agent.config import site_key
from agent.core.errors import ConfigError


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "config.toml").write_text('[egress]\nmask = ["mac"]\n[storage]\nfolder = "state"\n')
    return config.load_config(tmp_path / "config.toml")


def test_it_is_made_once_beside_the_configuration_and_for_its_owner(settings, tmp_path):
    key = app.build_sender(settings, None, None).privacy.site_key
    assert len(key) == site_key.SIZE
    assert app.load_site_key(settings) == key
    file = tmp_path / "secrets" / "site.key"
    site_key.create_site_key(file, bytes)
    assert app.load_site_key(settings) == key, "an existing key stays"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_systemd_hands_it_to_the_service(settings, tmp_path, monkeypatch):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "secrets_site.key").write_text("ab" * 32)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert app.load_site_key(settings) == b"\xab" * 32


@pytest.mark.parametrize(
    ("text", "mode"), [("short", 0o600), ("ab" * 8, 0o600), ("", 0o600), ("ab" * 32, 0o644)]
)
def test_a_key_that_cannot_be_used_is_refused(settings, tmp_path, text, mode):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "site.key").write_text(text)
    (tmp_path / "secrets" / "site.key").chmod(mode)
    with pytest.raises(ConfigError, match=r"site\.key"):
        app.load_site_key(settings)


def test_without_egress_no_key_is_needed(tmp_path):
    settings = config.build_config({}, tmp_path)
    app.build_sender(settings, None, None)
    assert not (tmp_path / "secrets").exists()
