"""The service for Windows' service control manager: a shell around `agent.runtime.host.embedded`.

    SCM ──start──────────► RUNNING is reported first (after 30 s of silence it would give up: error 1053)
                           then the agent runs ──ends──► STOPPED
        ──stop, shutdown─► STOP_PENDING is reported, then the agent ends cleanly

A mistake in config.toml goes to the Event Log and stops the service. Anything else that ends the agent
ends the process without STOPPED: for the SCM a crash, which it mends by its failure actions.
"""

import logging
import os
import sys
from collections.abc import Sequence

assert sys.platform == "win32", "there is no service control manager here"  # noqa: S101

import servicemanager  # noqa: E402
import win32service  # noqa: E402
import win32serviceutil  # noqa: E402

from agent.core.errors import ConfigError  # noqa: E402
from agent.core.paths import default_paths  # noqa: E402
from agent.runtime.host.embedded import EmbeddedService, log_to_folder  # noqa: E402

STOP_PENDING_MS = 10_000  # how long the SCM waits for us to end before it complains
CRASHED = 1


class EventLog(logging.Handler):
    """Warnings and errors, for the Event Log."""

    def emit(self, record: logging.LogRecord) -> None:
        grave = record.levelno >= logging.ERROR
        tell = servicemanager.LogErrorMsg if grave else servicemanager.LogWarningMsg
        tell(self.format(record))


class Service(win32serviceutil.ServiceFramework):
    """The class whose methods pywin32 calls for the SCM."""

    _svc_name_ = "Printwarden"
    _svc_display_name_ = "Printwarden"
    _svc_description_ = "Watches over the printers of this site for their service provider"

    def __init__(self, args: Sequence[str]) -> None:
        super().__init__(args)
        self.hosted = EmbeddedService(default_paths().config_file)

    def SvcStop(self) -> None:  # noqa: N802 - named by pywin32
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=STOP_PENDING_MS)
        self.hosted.stop()

    SvcShutdown = SvcStop

    def SvcDoRun(self) -> None:  # noqa: N802 - named by pywin32, which has reported RUNNING by now
        events = EventLog(logging.WARNING)
        logging.getLogger().addHandler(events)
        log_to_folder(default_paths().state / "log")
        servicemanager.LogInfoMsg("Printwarden started")
        try:
            self.hosted.run()
        except ConfigError as why:
            logging.getLogger(__name__).error("not started:\n%s", why)  # noqa: TRY400 - no bug
        except BaseException:
            logging.getLogger(__name__).critical("the agent ended unexpectedly", exc_info=True)
            os._exit(CRASHED)
        finally:
            logging.getLogger().removeHandler(events)
        servicemanager.LogInfoMsg("Printwarden stopped")


def host() -> None:
    """Be the process that the SCM has started for the service; returns when it has stopped."""
    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(Service)
    servicemanager.StartServiceCtrlDispatcher()  # type: ignore[no-untyped-call]  # its stub has no types
