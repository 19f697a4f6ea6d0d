"""SNMPv3 against net-snmp's agent: every pair of protocols it knows, and every way of being refused."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from loopback import HOME, free_port

from agent.core.errors import NoAnswer, WrongCredential
from agent.core.model import Address, Credential, SecurityLevel
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid

SNMPD = shutil.which("snmpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(SNMPD is None, reason="needs net-snmp's snmpd: make test-deps")

LOCATION = oid("1.3.6.1.2.1.1.6.0")
SYSTEM = oid("1.3.6.1.2.1.1")
AUTH = {"MD5": "MD5", "SHA1": "SHA", **{f"SHA{bits}": f"SHA-{bits}" for bits in (224, 256, 384, 512)}}
PRIV = {
    None: None,
    "DES": "DES",
    "AES128": "AES",
    "AES192": "AES-192-C",
    "AES256": "AES-256-C",
    "AES192-BLUMENTHAL": "AES-192",
    "AES256-BLUMENTHAL": "AES-256",
}
PAIRS = [(auth, priv) for auth in AUTH for priv in PRIV]
SETTINGS = SnmpSettings(timeout=2.0, retries=1, requests_per_second=None, requests_per_subnet=None)


def user(auth: str | None, priv: str | None) -> Credential:
    return Credential(
        name="v3",
        version="3",
        user=f"{auth}_{priv}".lower().replace("-", "_"),
        auth_protocol=auth,
        auth_password="sesame-open" if auth else "",
        priv_protocol=priv,
        priv_password="open-sesame" if priv else "",
    )


@dataclass
class Snmpd:
    """net-snmp's agent on a loopback port of its own."""

    folder: Path
    port: int
    engine_id: str = "first-board"
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> Address:
        return Address(HOME, self.port)

    def start(self) -> None:
        (self.folder / "snmpd.conf").write_text("\n".join(self.lines()))
        environment = {**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": str(self.folder / self.engine_id)}
        self.process = subprocess.Popen(
            [SNMPD, "-f", "-Lf", str(self.folder / "log"), "-C", "-c", str(self.folder / "snmpd.conf")],
            env=environment,
        )
        self.wait_until_it_answers()

    def lines(self) -> Iterator[str]:
        yield f"agentaddress udp:{HOME}:{self.port}"
        yield f"engineID {self.engine_id}"
        yield "sysLocation third floor"
        yield "rocommunity public"
        yield "createUser none_none"
        yield "rouser none_none noauth"
        for auth, priv in PAIRS:
            who = user(auth, priv)
            secret = f" {PRIV[priv]} {who.priv_password}" if priv else ""
            yield f"createUser {who.user} {AUTH[auth]} {who.auth_password}{secret}"
            yield f"rouser {who.user} {'priv' if priv else 'auth'}"

    def wait_until_it_answers(self) -> None:
        probe = bytes.fromhex(
            "302602010104067075626c6963a019020401020304020100020100300b300906052b060102010500"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.1)
            for _ in range(100):
                asking.sendto(probe, self.address)
                with contextlib.suppress(OSError):
                    asking.recv(1500)
                    return
                time.sleep(0.05)
        pytest.fail(f"snmpd did not come up: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None


def start_snmpd(folder: Path) -> Snmpd:
    snmpd = Snmpd(folder, free_port())
    snmpd.start()
    return snmpd


@pytest.fixture(scope="module")
def printer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    snmpd = start_snmpd(tmp_path_factory.mktemp("snmpd"))
    yield snmpd
    snmpd.stop()


@pytest.fixture
def own_printer(tmp_path: Path) -> Iterator[Snmpd]:
    """One that a test may stop and start."""
    snmpd = start_snmpd(tmp_path)
    yield snmpd
    snmpd.stop()


@pytest.fixture
async def engine() -> Iterator[SnmpClient]:
    async with SnmpClient(SETTINGS) as made:
        yield made


async def test_every_pair_of_protocols_is_read(printer: Snmpd, engine: SnmpClient) -> None:
    found = {}
    for auth, priv in PAIRS:
        reader = engine.create_reader(printer.address, user(auth, priv))
        found[auth, priv] = (await reader.get([LOCATION]))[LOCATION]
    assert found == dict.fromkeys(PAIRS, b"third floor")


async def test_a_user_without_protocols_is_read_in_clear_text(printer: Snmpd, engine: SnmpClient) -> None:
    nobody = user(None, None)
    assert nobody.security_level is SecurityLevel.CLEAR
    assert await engine.create_reader(printer.address, nobody).get([LOCATION]) == {LOCATION: b"third floor"}


@pytest.mark.parametrize("other", [user("SHA256", "AES128"), Credential(name="v1", version="1")])
async def test_v3_and_the_own_codec_see_the_same(
    printer: Snmpd, engine: SnmpClient, other: Credential
) -> None:
    plain = engine.create_reader(printer.address, Credential(name="public"))
    also = engine.create_reader(printer.address, other)
    still = [row for row in await plain.walk(SYSTEM) if not row[0].startswith(oid("1.3.6.1.2.1.1.3"))]
    rows = [row for row in await also.walk(SYSTEM) if not row[0].startswith(oid("1.3.6.1.2.1.1.3"))]
    assert rows == still
    assert len(still) > 5
    wanted = [oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0"), oid("1.3.6.1.4.1.9.9.9.0")]
    assert await also.get(wanted) == await plain.get(wanted)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_every_version_can_go_through_pysnmp(printer: Snmpd, engine: SnmpClient, version: str) -> None:
    public = Credential(name="public", version=version)
    own = engine.create_reader(printer.address, public)
    async with SnmpClient(replace(SETTINGS, engine="pysnmp")) as other:
        also = other.create_reader(printer.address, public)
        roots = [oid("1.3.6.1.2.1.1.9.1.2"), oid("1.3.6.1.2.1.1.9.1.3"), oid("1.3.6.1.2.1.4.20.1.1")]
        assert await also.walk(*roots) == await own.walk(*roots)
        wanted = [LOCATION, oid("1.3.6.1.4.1.9.9.9.0"), oid("1.3.6.1.2.1.1.2.0")]
        assert await also.get(wanted) == await own.get(wanted)


REFUSALS: list[tuple[str, Callable[[Credential], Credential], str]] = [
    ("unknown user", lambda c: replace(c, user="nobody"), 'does not know the user "nobody"'),
    ("wrong authentication key", lambda c: replace(c, auth_password="not-sesame"), "authentication password"),
    ("wrong authentication protocol", lambda c: replace(c, auth_protocol="MD5"), "authentication password"),
    ("wrong privacy key", lambda c: replace(c, priv_password="not-sesame"), "privacy password"),
    ("level below what is demanded", lambda c: replace(c, priv_protocol=None), "authorizationError"),
    ("unheard-of protocol", lambda c: replace(c, auth_protocol="ROT13"), "is not one of MD5"),
    ("privacy alone", lambda c: replace(c, auth_protocol=None), "without authentication"),
]


@pytest.mark.parametrize(("case", "change", "said"), REFUSALS, ids=[case for case, *_ in REFUSALS])
async def test_a_refusal_says_what_is_wrong(
    printer: Snmpd, engine: SnmpClient, case: str, change: Callable[[Credential], Credential], said: str
) -> None:
    with pytest.raises(WrongCredential, match=said):
        await engine.create_reader(printer.address, change(user("SHA256", "AES128"))).get([LOCATION])


async def test_a_level_above_what_the_user_has_is_told_apart(printer: Snmpd, engine: SnmpClient) -> None:
    too_much = replace(user("SHA256", None), priv_protocol="AES128", priv_password="open-sesame")
    with pytest.raises(WrongCredential, match='does not offer "sha256_none" the level "encrypted"'):
        await engine.create_reader(printer.address, too_much).get([LOCATION])


async def test_one_user_name_with_two_passwords_works_with_the_right_one(
    printer: Snmpd, engine: SnmpClient
) -> None:
    right = user("SHA1", "DES")
    with pytest.raises(WrongCredential):
        await engine.create_reader(printer.address, replace(right, auth_password="another-site")).get(
            [LOCATION]
        )
    assert await engine.create_reader(printer.address, right).get([LOCATION])


async def test_nobody_there_is_no_answer_and_no_wrong_credential() -> None:
    quick = replace(SETTINGS, timeout=0.1)
    async with SnmpClient(quick) as engine:
        with pytest.raises(NoAnswer):
            await engine.create_reader(Address(HOME, 9), user("SHA1", None)).get([LOCATION])


async def test_an_agent_that_restarted_is_read_again(own_printer: Snmpd, engine: SnmpClient) -> None:
    """Its boots have grown, so that it reports usmStatsNotInTimeWindows (RFC 3414, 3.2.7)."""
    reader = engine.create_reader(own_printer.address, user("SHA256", "AES128"))
    assert await reader.get([LOCATION])
    own_printer.stop()
    own_printer.start()
    assert await reader.get([LOCATION])


async def test_an_agent_whose_board_was_swapped_is_read_again(own_printer: Snmpd, engine: SnmpClient) -> None:
    """Its engine ID is another, so that it reports usmStatsUnknownEngineIDs (RFC 3414, 3.2.3)."""
    reader = engine.create_reader(own_printer.address, user("SHA256", "AES128"))
    assert await reader.get([LOCATION])
    own_printer.stop()
    own_printer.engine_id = "second-board"
    own_printer.start()
    assert await reader.get([LOCATION])


async def test_many_questions_at_once_are_all_answered(printer: Snmpd, engine: SnmpClient) -> None:
    who = [user(auth, priv) for auth, priv in PAIRS[:12]]
    answers = await asyncio.gather(
        *(engine.create_reader(printer.address, each).get([LOCATION]) for each in who for _ in range(5))
    )
    assert answers == [{LOCATION: b"third floor"}] * 60
