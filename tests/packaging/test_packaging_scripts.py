"""The scripts around the build: what they refuse, what they write, and that they notice what is wrong."""

import importlib.util
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer.main
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.cli import build_cli

PACKAGING = Path(__file__).parents[2] / "packaging"
PATIENCE = 120

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")


def script(name):
    """A Python script of packaging/, as a module."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, PACKAGING / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sh(path, *arguments, **environment):
    return subprocess.run(
        ["sh", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def tarball(tmp_path):
    """An unpacked tarball, with a shell script for the program."""
    folder = tmp_path / "printwarden-1"
    (folder / "printwarden").mkdir(parents=True)
    program = folder / "printwarden" / "printwarden"
    program.write_text("#!/bin/sh\necho printwarden 1\n")
    program.chmod(0o755)
    (folder / "install.sh").write_bytes((PACKAGING / "linux" / "install.sh").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("glibc", "said"),
    [("2.34", "glibc 2.34, the program needs 2.35"), ("2.9", "glibc 2.9"), ("", "has no glibc")],
)
def test_a_system_that_cannot_run_the_program_is_told_what_can_be_done(tarball, tmp_path, glibc, said):
    ended = sh(tarball / "install.sh", "--root", str(tmp_path / "root"), PRINTWARDEN_GLIBC=glibc)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "--venv" in ended.stderr
    assert not (tmp_path / "root").exists(), "nothing was laid"


@pytest.mark.parametrize("glibc", ["2.35", "2.36", "2.100"])
def test_the_program_is_laid_under_opt_and_replaced_whole(tarball, tmp_path, glibc):
    root = tmp_path / "root"
    for _ in range(2):
        ended = sh(tarball / "install.sh", "--root", str(root), PRINTWARDEN_GLIBC=glibc)
        assert ended.returncode == 0, ended.stderr
        (root / "opt" / "printwarden" / "program" / "of-an-older-version").touch()
    assert (root / "usr/local/bin/printwarden").readlink() == Path("/opt/printwarden/program/printwarden")
    sh(tarball / "install.sh", "--root", str(root), PRINTWARDEN_GLIBC=glibc)
    assert not (root / "opt" / "printwarden" / "program" / "of-an-older-version").exists()


def test_a_program_that_does_not_start_is_told(tarball, tmp_path):
    (tarball / "printwarden" / "printwarden").write_text("#!/bin/sh\nexit 1\n")
    ended = sh(tarball / "install.sh", "--root", str(tmp_path / "root"), PRINTWARDEN_GLIBC="2.36")
    assert ended.returncode == 1
    assert "does not start here" in ended.stderr


def test_an_unknown_word_is_refused(tarball):
    assert "unknown: --purgee" in sh(tarball / "install.sh", "--purgee").stderr


SAME = {
    "frozen": False,
    "version": "1",
    "modules": ["a", "b"],
    "data": {"x.toml": "1"},
    "checks": [{"name": "line", "ok": True, "said": "fine"}],
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"modules": ["a"]}, ["module b is missing"]),
        ({"modules": ["a", "b", "c"]}, ["module c is not in the source"]),
        ({"data": {"x.toml": "2"}}, ["data file x.toml differs or is missing"]),
        ({"data": {}}, ["data file x.toml differs or is missing"]),
        ({"version": "2"}, ["version 2, not 1"]),
        ({"frozen": False}, ["not a frozen program beside its source"]),
        ({"checks": [{"name": "line", "ok": False, "said": "no MIBs"}]}, ["line: no MIBs"]),
    ],
)
def test_a_frozen_program_that_differs_from_its_source_is_found_out(change, said):
    assert script("prove.py").differences(SAME, {**SAME, "frozen": True, **change}) == said


def test_the_man_page_names_every_verb_and_option_that_help_does():
    page = script("linux/manpage.py").page()
    for name, verb in typer.main.get_command(build_cli()).commands.items():
        assert f'.SS "{name}' in page
        for option in verb.params:
            if option.param_type_name == "option" and not getattr(option, "hidden", False):
                assert option.opts[0].replace("-", "\\-") in page, (name, option.opts)
    assert "\\-\\-clock" not in page, "hidden options stay hidden"


def test_the_last_result_is_noted_between_its_marks_and_nowhere_else():
    noted = script("linux/note_result.py").noted
    page = "before\n<!-- test-install -->\nold\n<!-- /test-install -->\nafter\n"
    once = noted(page, "ok  new\n", "2026-11-22")
    assert "old" not in once
    assert once.startswith("before\n<!-- test-install -->\nLast run 2026-11-22:")
    assert once.endswith("<!-- /test-install -->\nafter\n")
    assert noted(once, "ok  new\n", "2026-11-22") == once
    with pytest.raises(ValueError, match="has lost its marks"):
        noted("nothing", "", "")


def test_without_keys_the_signing_hook_says_what_stays_unsigned(tmp_path):
    (tmp_path / "p.deb").touch()
    (tmp_path / "p.msi").touch()
    ended = sh(PACKAGING / "sign.sh", str(tmp_path), PRINTWARDEN_GPG_KEY="", PRINTWARDEN_PFX="")
    assert ended.returncode == 0
    assert re.findall(r"not signed .*", ended.stdout, re.DOTALL)
    assert "p.deb" in ended.stdout
    assert "p.msi" in ended.stdout


def test_a_throw_away_key_signs_the_packages_and_their_sums(tmp_path, needs):
    needs("gpg", "gnupg")
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "p.deb").write_text("a package")
    key = {
        "GNUPGHOME": str(home),
        "PRINTWARDEN_GPG_KEY": "throw-away@printwarden.invalid",
        "PRINTWARDEN_PFX": "",
    }
    make = ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", key["PRINTWARDEN_GPG_KEY"], "ed25519"]
    subprocess.run(make, env={**os.environ, **key}, check=True, capture_output=True)
    ended = sh(PACKAGING / "sign.sh", str(dist), **key)
    assert ended.returncode == 0, ended.stderr
    verify = ["gpg", "--verify", str(dist / "p.deb.asc"), str(dist / "p.deb")]
    good = subprocess.run(verify, env={**os.environ, **key}, check=False, capture_output=True)
    (dist / "p.deb").write_text("another package")
    bad = subprocess.run(verify, env={**os.environ, **key}, check=False, capture_output=True)
    subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, **key}, check=False)
    assert (good.returncode, bad.returncode) == (0, 1)
    assert (dist / "SHA256SUMS.asc").exists()


def test_what_the_agents_own_lock_does_not_name_ends_the_build():
    lock = "typing-extensions==4.1 \\\n    --hash=sha256:0\nrich==15.0 ; python_version > '3'\n"
    strangers = script("sbom.py").strangers
    assert strangers(["typing_extensions", "Rich"], lock) == []
    assert strangers(["Rich", "requests", "PyYAML"], lock) == ["PyYAML", "requests"]


def test_the_sums_vouch_for_everything_but_themselves(tmp_path):
    (tmp_path / "p.deb").write_text("a package")
    for _ in range(2):
        assert sh(PACKAGING / "sign.sh", str(tmp_path), PRINTWARDEN_GPG_KEY="").returncode == 0
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    good = subprocess.run(check, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (good.returncode, good.stdout) == (0, "p.deb: OK\n")
    (tmp_path / "p.deb").write_text("another package")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1


def certificate(folder):
    """A throw-away certificate for signing code, as a PKCS#12 file, and its PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throw-away")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .sign(key, SHA256())
    )
    sealed = pkcs12.serialize_key_and_certificates(
        b"throw-away", key, made, None, BestAvailableEncryption(b"pw")
    )
    (folder / "key.pfx").write_bytes(sealed)
    (folder / "password").write_text("pw")
    return folder / "key.pfx", folder / "password"


def test_a_throw_away_certificate_signs_the_msi(tmp_path, needs):
    for tool, package in (("osslsigncode", "osslsigncode"), ("wixl", "wixl"), ("msibuild", "msitools")):
        needs(tool, package)
    dist = tmp_path / "dist"
    (dist / "printwarden").mkdir(parents=True)
    (dist / "printwarden" / "printwarden.exe").write_bytes(b"MZ")
    built = sh(PACKAGING / "windows" / "msi.sh", str(dist / "printwarden"), "1.0.0", str(dist / "p.msi"))
    assert built.returncode == 0, built.stderr
    (dist / "printwarden" / "printwarden.exe").unlink()
    pfx, password = certificate(tmp_path)
    plain = (dist / "p.msi").read_bytes()
    ended = sh(
        PACKAGING / "sign.sh", str(dist),
        PRINTWARDEN_PFX=str(pfx), PRINTWARDEN_PFX_PASSWORD_FILE=str(password), PRINTWARDEN_GPG_KEY="",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert (dist / "p.msi").read_bytes() != plain
    taken = subprocess.run(
        ["osslsigncode", "extract-signature", "-in", str(dist / "p.msi"), "-out", str(tmp_path / "signature")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert taken.returncode == 0, taken.stdout
    assert b"Throw-away" in (tmp_path / "signature").read_bytes()


@pytest.mark.parametrize("name", ["Containerfile", "Containerfile.receiver"])
def test_what_the_image_copies_is_there_and_it_does_not_run_as_root(name):
    text = (PACKAGING / "container" / name).read_text()
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert (PACKAGING.parent / source).exists(), source
    assert re.findall(r"^USER (\d+)$", text, re.MULTILINE) == ["990"]
    assert "--uid 990" in text


def test_the_health_check_of_the_image_is_a_command_that_exists():
    text = (PACKAGING / "container" / "Containerfile").read_text()
    [check] = re.findall(r'HEALTHCHECK.*?CMD \["printwarden", "service", "(\w+)"', text, re.DOTALL)
    assert check in typer.main.get_command(build_cli()).commands["service"].commands


def test_the_packages_scripts_pass_shellcheck(needs):
    needs("shellcheck")
    scripts = [str(path) for path in PACKAGING.rglob("*.sh")]
    scripts += [str(PACKAGING / "linux" / name) for name in ("postinst", "prerm", "postrm")]
    ended = subprocess.run(
        ["shellcheck", "-S", "warning", *scripts], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout
