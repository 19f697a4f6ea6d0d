"""`printwarden version`: nobody is asked unless a person says whom."""

import http.server
import json
import ssl
import subprocess
import sys
import threading

import pytest
from loopback import LOCALHOST

from agent import __version__
from agent.runtime import updates
from uplink.receiver.certificates import create_certificates


@pytest.fixture
def publisher(tmp_path):
    """`publisher(body, status)`: an HTTPS server that answers so; returns its address and CA file."""
    servers = []

    def serve(body, status=200):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("location", "https://elsewhere.invalid/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        certificates = create_certificates(tmp_path / "tls")
        server = http.server.HTTPServer((LOCALHOST, 0), Answer)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificates.certificate, certificates.key)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"https://{LOCALHOST}:{server.server_port}/printwarden.json", str(certificates.ca_file)

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def run(*arguments):
    command = [sys.executable, "-m", "agent", "version", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_version_is_told_and_nobody_is_asked():
    ended = run("--json")
    assert json.loads(ended.stdout) == {"version": __version__, "newest": None, "behind": False}


@pytest.mark.parametrize(
    ("there", "code", "said"),
    [("999.0", 1, "there is a newer one: 999.0"), ("0.0.1", 0, "that is the newest")],
)
def test_whoever_is_named_is_asked(publisher, there, code, said):
    url, ca_file = publisher(json.dumps({"version": there}).encode())
    ended = run("--check", url, "--ca-file", ca_file)
    assert (ended.returncode, said in ended.stdout) == (code, True), ended.stderr


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b'{"version": "rm -rf"}', 200),
        (b"[]", 200),
        (b'{"version": "9.9"}', 302),
        (b'"' + b"x" * updates.MAX_ANSWER_BYTES + b'"', 200),
    ],
    ids=["a page", "no version", "a list", "a redirect", "too much"],
)
def test_what_is_no_answer_is_told_as_such(publisher, body, status):
    url, ca_file = publisher(body, status)
    ended = run("--check", url, "--ca-file", ca_file)
    assert ended.returncode == 1
    assert "answered" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_stranger_is_not_believed(publisher):
    url, _ = publisher(b'{"version": "9.9"}')
    assert "cannot be asked" in run("--check", url).stderr


def test_clear_text_is_refused():
    assert "must begin with https://" in run("--check", f"http://{LOCALHOST}/").stderr


@pytest.mark.parametrize(
    ("there", "here", "is_newer"),
    [
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("1.0", "1", False),
        ("2", "1.9.9", True),
        ("1.2", "1.2", False),
    ],
)
def test_versions_are_compared_as_numbers(there, here, is_newer):
    assert updates.is_newer(there, here) is is_newer
