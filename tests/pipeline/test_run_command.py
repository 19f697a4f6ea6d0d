"""`printwarden run` as customer IT meets it: refused with reasons, stopped cleanly, edited while it runs."""

import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from agent.core import health
from agent.core.errors import StoreError
from agent.core.store import open_reader

PATIENCE = 60.0  # real seconds; a good start never takes so long
CONFIG = '[mdns]\nenabled = false\n[storage]\nfolder = "state"\n'
RULE = """
[[rule]]
id = "mine"
per = "supply"
title = "{supply} of {device}"
when.all = [ { signal = "supply.level", op = "<", value = "THRESHOLD" } ]
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"
reason = "a test"
"""

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def start(config):
    started = []

    def run():
        with (config.parent / "log").open("ab") as log:
            command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
            started.append(subprocess.Popen(command, stderr=log, stdout=log))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def log(config):
    return (config.parent / "log").read_text()


def until(condition, process=None):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        assert process is None or process.poll() is None, "the agent ended"
        time.sleep(0.05)


def refused(config):
    command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_missing_config_is_refused(tmp_path):
    assert "there is no such file" in refused(tmp_path / "config.toml")


def test_a_bad_config_is_refused_with_file_line_and_suggestion(config):
    config.write_text(CONFIG + '[[network]]\ncidr = "192.168.1.7/24"\n')
    said = refused(config)
    assert f'{config}:6: network[1].cidr: "192.168.1.7/24" has host bits set' in said
    assert 'did you mean "192.168.1.0/24"?' in said
    assert not (config.parent / "state").exists(), "nothing was started"


def test_a_rule_with_an_impossible_threshold_is_refused(config):
    (config.parent / "rules.d").mkdir()
    (config.parent / "rules.d" / "mine.toml").write_text(RULE.replace("THRESHOLD", "140 %"))
    said = refused(config)
    assert "mine.toml:6" in said
    assert "140" in said


@needs_signals
def test_sigterm_ends_it_cleanly(config, start):
    agent = start()
    until(lambda: "watches over" in log(config), agent)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(PATIENCE) == 0
    assert "Traceback" not in log(config)


@needs_signals
def test_a_second_agent_on_the_same_state_is_refused(config, start):
    agent = start()
    until(lambda: "watches over" in log(config), agent)
    second = start()
    assert second.wait(PATIENCE) == 1
    assert "in use by another printwarden" in log(config)


@needs_signals
def test_an_invalid_edit_leaves_the_last_good_one_in_force_and_says_so(config, start):
    agent = start()
    until(lambda: "watches over" in log(config), agent)
    config.write_text(CONFIG + "[schedule]\nalerts = 5\n")
    until(lambda: "the last good version stays in force" in log(config), agent)
    assert f"{config}:6: schedule.alerts" in log(config)
    config.write_text(CONFIG)
    until(lambda: "config.toml: changed, and in force" in log(config), agent)


@needs_signals
def test_edited_rules_are_picked_up_and_a_mistake_is_told(config, start):
    agent = start()
    until(lambda: "watches over" in log(config), agent)
    (config.parent / "rules.d").mkdir()
    rule = config.parent / "rules.d" / "mine.toml"
    rule.write_text(RULE.replace("THRESHOLD", "15 %"))
    until(lambda: "the rules: changed, and in force" in log(config), agent)
    rule.write_text(RULE.replace("THRESHOLD", "lots"))
    until(lambda: "the rules: changed, and cannot be used" in log(config), agent)
    assert "mine.toml:6" in log(config)


@needs_signals
def test_the_agent_says_who_it_is_in_its_state(config, start):
    agent = start()
    until((config.parent / "state" / "printwarden.db").exists, agent)

    def known():
        try:
            reader = open_reader(config.parent / "state" / "printwarden.db")
        except StoreError:  # the file is there before its tables are
            return {}
        with closing(reader) as db:
            return health.load_health(db)

    until(lambda: known().get("pid") == agent.pid, agent)
