"""A state that cannot be written, belongs to another user, or is half made: each ends in one sentence.

With real mounts and real users: as root on Linux, with util-linux; elsewhere these tests are skipped.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import app
from agent.core.disk_reserve import DiskReserve
from agent.reporting import maintenance

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534
TOOLS = ("unshare", "setpriv", "mount")
CONFIG = """
[[network]]
cidr = "192.0.2.0/30"
sweep = false
[mdns]
enabled = false
[storage]
folder = "state"
"""
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
    reason="mounts and users take root on Linux",
)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every user may enter, with a configuration and a state that was made by root."""
    monkeypatch.setattr(DiskReserve, "ensure_present", lambda _: False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "config.toml").write_text(CONFIG)
        (folder / "config.toml").chmod(0o600)
        maintenance.open_store(folder / "state" / "printwarden.db", app.MIGRATIONS).close()
        (folder / "state" / "audit.jsonl").write_text("")
        (folder / "python").mkdir()
        yield folder


def run_verb(place: Path, verb: str, *, before: str = "true", user: int = 0) -> tuple[int, str]:
    """Run a verb of the agent as `user`, in a mount namespace of its own where `before` ran; (exit code, stderr).

    The interpreter is mounted at a place that this user may enter, too.
    """
    python = place / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if "site-packages" in entry)])
    environment = (
        f"env LD_LIBRARY_PATH={python}/lib PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={shlex.quote(packages)}"
    )
    if user:
        shutil.chown(place / "config.toml", user)
    script = (
        f"mount --bind {shlex.quote(sys.base_prefix)} {python} && cd {place} && {before} && exec "
        f"setpriv --reuid={user} --regid={user} --clear-groups {environment} "
        f"timeout -s TERM 90 {python}/bin/{version} -m agent {verb} --config {place}/config.toml"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=180, check=False
    )
    return done.returncode, done.stderr


def is_one_sentence(said: str) -> bool:
    return said.startswith("printwarden: ") and len(said.strip().splitlines()) == 1


KEEP = "cp -a state kept && mount -t tmpfs none state && cp -a kept/. state/"
READ_ONLY = f"{KEEP} && mount -o remount,ro state"
UNUSABLE = {
    "read-only, with a state": (READ_ONLY, 0, "Read-only file system"),
    "read-only, empty": ("mount -t tmpfs -o ro none state", 0, "Read-only file system"),
    "without room": ("mount -t tmpfs -o size=64k none state", 0, "disk is full"),
    "of another user": ("chmod -R go= state", NOBODY, "belongs to user 0"),
    "of another user, for all to read": ("chmod -R go+rX state", NOBODY, "belongs to user 0"),
    "ours, with files of another user": (f"chown {NOBODY} state", NOBODY, "belongs to user 0"),
    "ours, with a lock of another user": (
        f"chown -R {NOBODY} state && chown 0 state/printwarden.lock", NOBODY, "printwarden.lock cannot be used",
    ),
    "ours, with an audit log of another user": (
        f"chown -R {NOBODY} state && chown 0 state/audit.jsonl", NOBODY, "audit.jsonl cannot be used",
    ),
    "ours, with an identity of another user": (
        f"mkdir -m 700 state/identity && chown {NOBODY} state state/printwarden.*", NOBODY, "belongs to user 0",
    ),
    "with a folder for a lock": (
        "rm state/printwarden.lock && mkdir state/printwarden.lock", 0, "printwarden.lock is a folder",
    ),
    "with a folder for a mark": ("mkdir state/printwarden.damaged", 0, "printwarden.damaged is a folder"),
    "with a pipe for a file": ("rm state/printwarden.db && mkfifo state/printwarden.db", 0, "is no file"),
    "with a link for a file": ("ln -s /etc/passwd state/printwarden.part", 0, "is a link"),
    "in place of which is a file": ("rm -r state && touch state", 0, "cannot be used"),
}  # fmt: skip


SHORT = {
    "read-only, with a state",
    "of another user",
    "with a folder for a lock",
}  # the others: make test-long


@pytest.mark.parametrize(
    "how", [how if how in SHORT else pytest.param(how, marks=pytest.mark.long) for how in UNUSABLE]
)
def test_a_state_that_cannot_be_used_ends_the_start_in_one_sentence(place: Path, how: str) -> None:
    before, user, said = UNUSABLE[how]
    code, stderr = run_verb(place, "run", before=before, user=user)
    assert code == 1, stderr
    assert is_one_sentence(stderr), stderr
    assert said in stderr
    assert Path("/etc/passwd").read_text().count("\n") > 1


@pytest.mark.parametrize(
    ("before", "user", "code"),
    [
        pytest.param(READ_ONLY, 0, 0, id="read-only"),
        pytest.param(
            "chmod -R go+rX state", NOBODY, 0, id="of another user, for all to read", marks=pytest.mark.long
        ),
        pytest.param("chmod -R go= state", NOBODY, 1, id="of another user", marks=pytest.mark.long),
        pytest.param("rm state/printwarden.db", 0, 1, id="without a state file", marks=pytest.mark.long),
        pytest.param(": > state/printwarden.db", 0, 1, id="with an empty one", marks=pytest.mark.long),
        pytest.param("head -c 5000 /dev/urandom > state/printwarden.db", 0, 1, id="with a damaged one"),
    ],
)
def test_readers_show_what_they_may_read_or_end_in_one_sentence(
    place: Path, before: str, user: int, code: int
) -> None:
    answered, stderr = run_verb(place, "status", before=before, user=user)
    assert answered == code, stderr
    assert (stderr == "") if code == 0 else is_one_sentence(stderr), stderr


def test_files_that_exist_become_private_also_the_reserve(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    reserve = DiskReserve(place / "state" / "printwarden.ballast", size=4096, min_free=0)
    before = os.umask(0)
    try:
        assert reserve.ensure_present()
    finally:
        os.umask(before)
    assert reserve.path.stat().st_mode & 0o777 == 0o600
