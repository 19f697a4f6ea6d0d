"""The history of a made-up fleet for benchmarks and tests; not a benchmark by itself."""

from agent.pipeline.replay.imagined_history import COMPONENTS, DAY, END
from agent.pipeline.replay.imagined_history import imagine_fleet as imagine

__all__ = ["COMPONENTS", "DAY", "END", "imagine"]
