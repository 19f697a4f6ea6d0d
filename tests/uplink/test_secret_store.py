"""Secrets at rest are of use on this machine only, where the system can do that.

The system that can is Windows (DPAPI), and these tests do not run there: a stand-in that knows its machine
drives the same seam. What Windows itself does with it is type-checked, and not shown here.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import blake2b
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import config
from agent.core.errors import ConfigError
from agent.runtime.setup import config_writer
from uplink.identity import identity, secret_store
from uplink.identity.identity import AgentIdentity, NotEnrolled


class Machine:
    """Seals as a machine does: nobody else opens it."""

    def __init__(self, name: str) -> None:
        self._stream = blake2b(name.encode()).digest()

    def seal(self, secret: bytes) -> bytes:
        mixed = bytes(byte ^ self._stream[at % 64] for at, byte in enumerate(secret))
        return blake2b(self._stream + secret, digest_size=8).digest() + mixed

    def unseal(self, sealed: bytes) -> bytes:
        secret = bytes(byte ^ self._stream[at % 64] for at, byte in enumerate(sealed[8:]))
        if blake2b(self._stream + secret, digest_size=8).digest() != sealed[:8]:
            raise secret_store.UnsealError("it was sealed on another machine")
        return secret


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    here = Machine("this one")
    monkeypatch.setattr(secret_store, "machine_sealer", here)
    return here


def kept(folder: Path) -> AgentIdentity:
    one = AgentIdentity(
        folder=folder, agent_id="a-1", credential="planted-credential", issued_at=0.0, expires_at=30 * 86400.0,
        keys=(Ed25519PrivateKey.generate(),),
    )  # fmt: skip
    identity._save_identity(one)
    return one


@pytest.mark.usefixtures("machine")
def test_the_key_and_the_credential_are_not_to_be_read_from_the_disk(tmp_path: Path) -> None:
    before = kept(tmp_path)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"PRIVATE KEY" not in written
    assert b"planted-credential" not in written
    after = identity.load_identity(tmp_path)
    assert after is not None
    assert after.credential == before.credential
    assert after.keys[0].private_bytes_raw() == before.keys[0].private_bytes_raw()


def test_where_nothing_seals_they_are_in_files_of_their_owner_alone(tmp_path: Path) -> None:
    kept(tmp_path)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert b"PRIVATE KEY" in (tmp_path / "key.pem").read_bytes()


def test_on_another_machine_they_are_of_no_use_and_a_person_hears_what_to_do(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path)
    for elsewhere in (Machine("another one"), None):
        monkeypatch.setattr(secret_store, "machine_sealer", elsewhere)
        with pytest.raises(NotEnrolled, match="another machine; enrol again, the queue goes on"):
            identity.load_identity(tmp_path)
    monkeypatch.setattr(secret_store, "machine_sealer", machine)
    assert identity.load_identity(tmp_path) is not None


def test_what_was_written_before_is_still_read_and_sealed_with_the_next_renewal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path)
    monkeypatch.setattr(secret_store, "machine_sealer", Machine("this one"))
    known = identity.load_identity(tmp_path)
    assert known is not None

    async def renew() -> AgentIdentity:
        granted = {"agent_id": "a-1", "credential": "the-next", "expires_in": 1000}

        async def body() -> AsyncIterator[bytes]:  # as it comes off a wire: in pieces, and once
            yield json.dumps(granted).encode()

        answers = httpx.MockTransport(lambda _: httpx.Response(200, content=body()))
        async with httpx.AsyncClient(transport=answers) as client:
            return await identity.renew_identity(client, "https://mps.example/v1/events", known)

    assert asyncio.run(renew()).credential == "the-next"
    assert b"the-next" not in (tmp_path / "credential.json").read_bytes()


@pytest.mark.usefixtures("machine")
def test_secrets_of_the_first_run_are_sealed_and_the_configuration_reads_them(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    config_writer._write_atomically(
        tmp_path / "secrets" / "office", secret_store.seal_secret(b"planted-community\n"), 0o600
    )
    assert b"planted" not in (tmp_path / "secrets" / "office").read_bytes()
    file = tmp_path / "config.toml"
    file.write_text('[[credential]]\nname = "office"\ncommunity = "secret:office"\n')
    assert (
        config.load_config(file, unseal=secret_store.unseal_secret).credential[0].community
        == "planted-community"
    )


def test_a_secret_from_another_machine_stops_the_start_with_its_key(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sealed").write_bytes(secret_store.seal_secret(b"planted-community"))
    (tmp_path / "sealed").chmod(0o600)
    assert machine is secret_store.machine_sealer
    monkeypatch.setattr(secret_store, "machine_sealer", Machine("another one"))
    file = tmp_path / "config.toml"
    file.write_text('[[credential]]\nname = "office"\ncommunity = "file:sealed"\n')
    with pytest.raises(
        ConfigError, match=r"credential\[1\].community: sealed cannot be read: it was sealed on"
    ):
        config.load_config(file, unseal=secret_store.unseal_secret)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    "content", [b"", b"plain\n", b'{"a": 1}', bytes(range(256)), secret_store.SEAL_MARK[:-1]]
)
def test_what_bears_no_mark_is_taken_as_it_is(content: bytes) -> None:
    assert secret_store.unseal_secret(content) == content
    assert secret_store.unseal_secret(secret_store.seal_secret(content)) == content
