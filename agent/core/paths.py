"""Where files live on each system (by platformdirs), unless PRINTWARDEN_HOME names one folder."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

APP = "printwarden"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one installation."""

    config: Path  # config.toml, rules.d/
    state: Path  # printwarden.db and what belongs to it

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"


def default_paths() -> Paths:
    """System folders for a service (root, SYSTEM), the user's own otherwise."""
    if home := os.environ.get("PRINTWARDEN_HOME"):
        return Paths(config=Path(home), state=Path(home) / "state")
    if sys.platform != "win32" and os.geteuid() == 0:
        return Paths(config=Path("/etc") / APP, state=Path("/var/lib") / APP)
    if sys.platform != "win32" and (state := os.environ.get("STATE_DIRECTORY")):
        return Paths(config=Path("/etc") / APP, state=Path(state))  # systemd.exec(5): the service's own user
    return _of_platform()


def cache() -> Path:
    """Where what can be computed again is kept, for whoever runs a command."""
    if home := os.environ.get("PRINTWARDEN_HOME"):
        return Path(home) / "cache"
    import platformdirs  # noqa: PLC0415 - the service has no need of it

    return platformdirs.user_cache_path(APP, appauthor=False)


def _of_platform() -> Paths:
    """Where Windows has what all users share, and where another system has a user's own."""
    import platformdirs  # noqa: PLC0415 - the service of Linux has no need of it

    dirs = platformdirs.PlatformDirs(APP, appauthor=False, ensure_exists=False)
    if sys.platform == "win32":
        found = Paths(config=dirs.site_config_path, state=dirs.site_data_path / "state")
    else:
        found = Paths(config=dirs.user_config_path, state=dirs.user_state_path)
    return found
