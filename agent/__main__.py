"""`python -m agent` is the command `printwarden`."""

from agent.cli import main

main()
