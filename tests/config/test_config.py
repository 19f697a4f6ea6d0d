"""config.toml: what is right is taken, and each mistake is told with line, key and suggestion."""

import re
import shutil
from pathlib import Path

import pytest

from agent import config
from agent.config import Config
from agent.core import plugins
from agent.core.errors import ConfigError
from uplink import targets

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BAD = sorted((HERE / "bad").glob("*.toml"))
GOOD = [*sorted((HERE / "good").glob("*.toml")), ROOT / "config.example.toml"]


@pytest.fixture
def private(tmp_path):
    """`private(path)`: a copy that its owner alone may read, as the secrets in it demand."""

    def copy(path):
        made = Path(shutil.copy(path, tmp_path))
        made.chmod(0o600)
        return made

    return copy


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_file_line_and_reason(path, private):
    expected = [
        line.removeprefix("# expect: ") for line in path.read_text().splitlines() if "# expect: " in line
    ]
    with pytest.raises(ConfigError) as caught:
        config.load_config(private(path), targets)
    said = str(caught.value).replace(str(private(path)), path.name)
    assert expected
    for words in expected:
        assert words in said
    assert len(caught.value.complaints) == len(expected), said
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_is_right_is_taken(path, private):
    assert isinstance(config.load_config(private(path), targets), Config)


def test_an_unknown_target_is_told_with_those_there_are():
    with pytest.raises(ConfigError) as caught:
        config.load_config(HERE / "bad" / "unknown_target.toml", targets)
    assert caught.value.complaints[0].suggestion == f"known here: {', '.join(plugins.list_plugins(targets))}"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        config.load_config(tmp_path / "nowhere.toml")


def test_every_key_is_in_the_example():
    """A key that the example does not show is a key that nobody will find."""
    example = (ROOT / "config.example.toml").read_text()
    for section, field in Config.model_fields.items():
        if section in ("folder", "config_version"):
            continue
        assert re.search(rf"^(# )?\[{{1,2}}{section}\]", example, re.MULTILINE), section
        for inner in config.toml._nested_models(field.annotation):
            for key in inner.model_fields:
                assert f"{key} = " in example, f"{section}.{key}"


def test_the_targets_that_the_example_shows_are_taken_as_they_stand(tmp_path):
    section = (ROOT / "config.example.toml").read_text().partition("\n[target]")[2].partition("\n[")[0]
    shown = [line.removeprefix("# ") for line in section.splitlines() if " = {" in line]
    assert len(shown) == 2
    for line in shown:
        (tmp_path / "config.toml").write_text(f"[target]\n{line}\n")
        assert len(config.load_config(tmp_path / "config.toml", targets).target) == 1


def test_a_named_secret_is_systemds_credential_or_a_file_beside_the_config(tmp_path, monkeypatch):
    (tmp_path / "secrets").mkdir()
    for name in ("community", "provider.token"):
        (tmp_path / "secrets" / name).write_text("beside\n")
        (tmp_path / "secrets" / name).chmod(0o600)
    path = tmp_path / "config.toml"
    path.write_text(
        '[provider]\nurl = "https://provider.example/"\ntoken_file = "secret:provider.token"\n'
        '[[credential]]\nname = "a"\ncommunity = "secret:community"\n'
    )
    loaded = config.load_config(path)
    assert loaded.credential[0].community == "beside"
    assert loaded.resolve_path("secret:provider.token") == tmp_path / "secrets" / "provider.token"
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "secrets_community").write_text("from systemd")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert config.load_config(path).credential[0].community == "from systemd"
    (tmp_path / "secrets" / "provider.token").unlink()
    with pytest.raises(ConfigError, match=r"provider.token_file: there is no file"):
        config.load_config(path)


def test_secrets_come_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("SITE_COMMUNITY", "from-env")
    (tmp_path / "secret").write_text("from-file\n")
    (tmp_path / "secret").chmod(0o600)
    path = tmp_path / "config.toml"
    path.write_text(
        '[[credential]]\nname = "a"\ncommunity = "env:SITE_COMMUNITY"\n'
        '[[credential]]\nname = "b"\ncommunity = "file:secret"\n'
    )
    assert [one.community for one in config.load_config(path).credential] == ["from-env", "from-file"]


def test_a_secret_never_shows_in_what_is_printed_of_the_config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        '[[credential]]\nname = "a"\nversion = "3"\nuser = "u"\nauth_protocol = "SHA256"\n'
        'auth_password = "hush-hush-hush"\ncommunity = "hush-hush"\n'
    )
    assert "hush" not in repr(config.load_config(path))
