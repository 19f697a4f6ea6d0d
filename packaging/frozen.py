"""Where the frozen program begins. Run from source it is `python -m agent`."""

import os
import sys

# A service of Windows has no screen: what would be written to it goes nowhere, and must not fail
for stream in ("stdout", "stderr"):
    if getattr(sys, stream) is None:
        setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole run

from agent.cli import main

main()
