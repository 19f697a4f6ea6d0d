"""Find the collectors that the service uses: every enabled file of `agent/collectors`."""

from typing import Any

from agent import collectors
from agent.collectors._visit import Collector, LocalCollector, When
from agent.config import Config
from agent.core import plugins


def find_collectors(config: Config, when: When) -> dict[str, Collector]:
    """Return the collectors that read a printer at that occasion, by name."""
    return _enabled(config, when)


def find_local_collectors(config: Config) -> dict[str, LocalCollector]:
    """Return the collectors that read printers of this machine, by name."""
    return _enabled(config, "locally")


def _enabled(config: Config, when: When) -> dict[str, Any]:
    files = {name: plugins.load_plugin(collectors, name) for name in plugins.list_plugins(collectors)}
    return {name: file for name, file in files.items() if when == file.WHEN and file.enabled(config)}
