"""`printwarden service alive`, the health check of a container."""

import subprocess
import sys
import time
from contextlib import closing

import pytest

from agent.core import health
from agent.core.store import Store


@pytest.mark.parametrize(
    ("age", "code", "said"),
    [(None, 1, "no heartbeat yet"), (60.0, 0, "last heartbeat"), (7200.0, 1, "last heartbeat")],
)
def test_it_is_alive_if_it_noted_lately_how_it_is(tmp_path, age, code, said):
    (tmp_path / "config.toml").write_text('[storage]\nfolder = "."\n')
    with closing(Store(tmp_path / "printwarden.db", {"health": health.SCHEMA})) as store:
        if age is not None:
            with store.transaction() as tx:
                health.save_health(tx, time.time() - age, {"version": "1"})
    command = [sys.executable, "-m", "agent", "service", "alive", "--config", str(tmp_path / "config.toml")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, said in ended.stdout) == (code, True), ended.stderr
