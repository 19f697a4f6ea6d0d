"""Where the frozen program begins. Run from source it is `python -m agent`."""

from agent.cli import main

main()
