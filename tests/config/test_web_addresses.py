"""What passes the check can be used: no url and no proxy ends the start in a traceback."""

import itertools

import pytest

from agent import app, config
from agent.core.errors import ConfigError

SCHEMES = ("", "http://", "https://", "socks5://", "ftp://", "://", "HTTPS://")
HOSTS = (
    "proxy", "proxy:3128", "192.0.2.1:8080", "[::1]:8080", "[::1", "[fe80::1%25eth0]:80", "u:p@host", "u@host:80",
    "host:0", "host:99999", "host:x", "host:", ":80", "", " host", "ho st", "h\tost", "hôst", "xn--" + "a" * 500,
    "a" * 64 + ".example", "-host", "ho..st", "host/path", "host?q", "host#f", "%41host", "host\x00", "[1.2.3.4]",
    "1.2.3.4.5", "999.1.1.1", "_srv.example", "host.", "a_b", "user:p@ss@host",
)  # fmt: skip


def start_result(tmp_path, provider):
    """Build what the service builds from this provider: "refused", or the way it can go."""
    try:
        target = app.build_target(config.build_config({"provider": provider}, tmp_path))
    except ConfigError as why:
        return "a password is repeated" if "p@ss" in str(why) else "refused"
    return "usable" if target else "none"


def test_every_url_is_refused_with_its_key_or_can_be_used(tmp_path):
    results = {
        scheme + host: start_result(tmp_path, {"url": scheme + host})
        for scheme, host in itertools.product(SCHEMES, HOSTS)
    }
    assert results["https://proxy:3128"] == "usable"
    assert results["https://u:p@host"] == "refused"
    assert {"refused", "usable", "none"} >= set(results.values())


def test_every_proxy_is_refused_with_its_key_or_can_be_used(tmp_path):
    url = "https://provider.example/v1"
    results = {
        scheme + host: start_result(tmp_path, {"url": url, "proxy": scheme + host})
        for scheme, host in itertools.product(SCHEMES, HOSTS)
    }
    assert results["http://u:p@host"] == "usable"
    assert results["proxy:3128"] == "refused"
    assert {"refused", "usable"} == set(results.values())


@pytest.mark.parametrize("proxy", ["http://[::1", "gopher://x"])
def test_a_broken_proxy_of_the_environment_ends_in_a_sentence(tmp_path, monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigError, match="HTTPS_PROXY"):
        app.build_target(config.build_config({"provider": {"url": "https://provider.example/v1"}}, tmp_path))


def test_a_ca_file_without_certificates_ends_in_a_sentence(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    provider = {"url": "https://provider.example/v1", "ca_file": str(tmp_path / "ca.pem")}
    with pytest.raises(ConfigError, match="ca_file"):
        app.build_target(config.build_config({"provider": provider}, tmp_path))
