"""What can happen to a simulated printer, one story a file.

Each file offers `tell(make, luck) -> Story` (`agent.simulator.story.Tell`); its name is the story's
name. What a story promises, it promises to whoever judges the agent by it.
"""
