"""The Windows service, with pywin32 played by fakes: start, stop, shutdown, a mistake, a crash, a stall.

The real pywin32 exists on Windows only; what the fakes promise is what its documentation and source say:
`ServiceFramework.SvcRun` tells RUNNING, then calls `SvcDoRun`, and the dispatcher tells STOPPED when that
has returned.
"""

import asyncio
import importlib
import logging
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import pytest

from agent.core.errors import ConfigError
from agent.runtime import runner
from agent.runtime.host import embedded
from agent.runtime.host.embedded import EmbeddedService

PATIENCE = 60.0
CONFIG = '[site]\nid = "S-1"\n[mdns]\nenabled = false\n[storage]\nfolder = "state"\n'


class ServiceFramework:
    """pywin32's base class, as far as the shell uses it."""

    def __init__(self, _args):
        self.statuses = []

    def ReportServiceStatus(self, status, **_):  # noqa: N802
        self.statuses.append(status)


class Scm:
    """The service control manager: starts the service in a thread of its own, and stops it from another."""

    def __init__(self):
        self.events, self.initialised, self.service, self.host = [], [], None, None

    def Initialize(self):  # noqa: N802
        self.initialised.append("initialised")

    def PrepareToHostSingle(self, cls):  # noqa: N802
        self.initialised.append(cls)

    def StartServiceCtrlDispatcher(self):  # noqa: N802
        self.service = self.initialised[1]([self.initialised[1]._svc_name_])
        self.service.statuses.append("RUNNING")
        self.service.SvcDoRun()
        self.service.statuses.append("STOPPED")

    def __getattr__(self, name):
        if name.startswith("Log"):
            return lambda text: self.events.append((name, text))
        raise AttributeError(name)


@pytest.fixture
def scm(monkeypatch, tmp_path):
    """The fake SCM, with the shell imported as on Windows, and the service's own folder."""
    manager = Scm()
    fakes = {
        "servicemanager": manager,
        "win32service": SimpleNamespace(SERVICE_STOP_PENDING="STOP_PENDING"),
        "win32serviceutil": SimpleNamespace(ServiceFramework=ServiceFramework),
    }
    for name, fake in fakes.items():
        module = ModuleType(name)
        module.__getattr__ = lambda attribute, fake=fake: getattr(fake, attribute)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("PRINTWARDEN_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "agent.runtime.host.windows_service", raising=False)
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        manager.shell = importlib.import_module("agent.runtime.host.windows_service")
    yield manager
    sys.modules.pop("agent.runtime.host.windows_service", None)
    for handler in [*logging.getLogger().handlers]:
        if isinstance(handler, logging.handlers.RotatingFileHandler):
            handler.close()
            logging.getLogger().removeHandler(handler)


def started(scm):
    """The service, running in its own thread, and that thread."""
    thread = threading.Thread(target=scm.shell.host)
    thread.start()
    return thread


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def log_of(tmp_path):
    file = tmp_path / "state" / "log" / "printwarden.log"
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize("call", ["SvcStop", "SvcShutdown"])
def test_it_runs_and_ends_cleanly_when_told(scm, tmp_path, call):
    (tmp_path / "config.toml").write_text(CONFIG)
    thread = started(scm)
    until(lambda: "watches over S-1" in log_of(tmp_path))
    getattr(scm.service, call)()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert scm.service.statuses == ["RUNNING", "STOP_PENDING", "STOPPED"]
    assert scm.events == [("LogInfoMsg", "Printwarden started"), ("LogInfoMsg", "Printwarden stopped")]


def test_running_is_told_before_anything_heavy_is_done(scm, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(EmbeddedService, "run", lambda _: told.append(list(scm.service.statuses)))
    scm.shell.host()
    assert told == [["RUNNING"]]


def test_a_stop_that_comes_before_the_agent_is_up_is_heeded(scm, tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(CONFIG)
    run = EmbeddedService.run

    def late(self):
        self.stop()
        run(self)

    monkeypatch.setattr(EmbeddedService, "run", late)
    thread = started(scm)
    thread.join(PATIENCE)
    assert scm.service.statuses[-1] == "STOPPED"


def test_a_mistake_in_the_configuration_is_told_and_is_no_crash(scm, tmp_path):
    (tmp_path / "config.toml").write_text("[schedule]\nalerts = 5\n")
    scm.shell.host()
    kinds = [kind for kind, _ in scm.events]
    assert kinds == ["LogInfoMsg", "LogErrorMsg", "LogInfoMsg"]
    assert "config.toml:2: schedule.alerts" in scm.events[1][1]
    assert scm.service.statuses == ["RUNNING", "STOPPED"]


def test_whatever_else_ends_the_agent_is_a_crash_for_the_failure_actions(scm, tmp_path, monkeypatch):
    class Exited(BaseException):
        pass

    def leave(code):
        raise Exited(code)

    async def broken(agent, keeper, stop):
        agent.store.close()
        raise RuntimeError("a bug")

    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.setattr(runner, "run_service", broken)
    monkeypatch.setattr(scm.shell.os, "_exit", leave)
    with pytest.raises(Exited, match="1"):
        scm.shell.host()
    assert "a bug" in scm.events[1][1]
    assert "STOPPED" not in scm.service.statuses


def test_a_stalled_agent_ends_its_own_process(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(CONFIG)
    ended = threading.Event()

    async def stalls(agent, keeper, stop):
        keeper.ready("up")
        keeper.ping()
        await asyncio.to_thread(ended.wait, PATIENCE)
        agent.store.close()

    monkeypatch.setattr(runner, "run_service", stalls)
    EmbeddedService(tmp_path / "config.toml", stall_timeout=0.1, on_stall=ended.set).run()
    assert ended.is_set()


def test_a_healthy_one_is_left_alone(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    ended = threading.Event()
    guest = EmbeddedService(tmp_path / "config.toml", stall_timeout=3600, on_stall=ended.set)
    thread = threading.Thread(target=guest.run)
    thread.start()
    until((tmp_path / "state" / "printwarden.db").exists)
    guest.stop()
    guest.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert not ended.is_set()
    guest.stop()


def test_a_mistake_reaches_who_hosts_it(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file"):
        EmbeddedService(tmp_path / "config.toml").run()


def test_the_shell_stays_a_shell():
    lines = (embedded.Path(embedded.__file__).with_name("windows_service.py")).read_text().splitlines()
    assert len(lines) < 100
