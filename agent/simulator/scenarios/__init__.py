"""What can happen to a simulated printer, one story a file.

Each file offers `tell(make, luck) -> Story` (`agent.simulator.scenario.Scenario`); its name is the
scenario's name.
What a story promises, it promises to whoever judges the agent.
"""
