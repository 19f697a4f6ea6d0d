"""The folders for configuration and state on each system (platformdirs), or PRINTWARDEN_HOME instead."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

APP_NAME = "printwarden"


@dataclass(frozen=True, slots=True)
class InstallPaths:
    """The folders of one installation."""

    config: Path  # config.toml, rules.d/
    state: Path  # printwarden.db and what belongs to it

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"


def default_paths() -> InstallPaths:
    """System folders for a service (root, SYSTEM), the user's own otherwise."""
    if home := os.environ.get("PRINTWARDEN_HOME"):
        return InstallPaths(config=Path(home), state=Path(home) / "state")
    if sys.platform != "win32" and os.geteuid() == 0:
        return InstallPaths(config=Path("/etc") / APP_NAME, state=Path("/var/lib") / APP_NAME)
    if sys.platform != "win32" and (state := os.environ.get("STATE_DIRECTORY")):
        return InstallPaths(
            config=Path("/etc") / APP_NAME, state=Path(state)
        )  # systemd.exec(5): the service's own user
    return _platform_paths()


def cache_folder() -> Path:
    """Return the folder for computed data that may be deleted, of the user who runs the command."""
    if home := os.environ.get("PRINTWARDEN_HOME"):
        return Path(home) / "cache"
    import platformdirs  # noqa: PLC0415 - the service has no need of it

    return platformdirs.user_cache_path(APP_NAME, appauthor=False)


def _platform_paths() -> InstallPaths:
    """Return the folders for all users on Windows, and the user's own on another system."""
    import platformdirs  # noqa: PLC0415 - the service of Linux has no need of it

    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False, ensure_exists=False)
    if sys.platform == "win32":
        found = InstallPaths(config=dirs.site_config_path, state=dirs.site_data_path / "state")
    else:
        found = InstallPaths(config=dirs.user_config_path, state=dirs.user_state_path)
    return found
