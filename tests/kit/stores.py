"""State files that a test opens, and opens again as a restart does."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from agent.core.store import Store


def reopened(path: Path, schemas: Mapping[str, tuple[str, ...]]) -> Iterator[Callable[[], Store]]:
    """For a fixture: what opens the state file at `path`; a call again closes it first."""
    opened: list[Store] = []

    def again() -> Store:
        while opened:
            opened.pop().close()
        opened.append(Store(path, schemas))
        return opened[-1]

    yield again
    while opened:
        opened.pop().close()
