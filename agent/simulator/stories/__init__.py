"""What can happen to a simulated printer, one story a file.

Each file offers `tell(make: Make, luck: Random) -> Story`; its name is the story's name. `luck` is
the only source of chance; it is seeded. What a story promises, it promises to whoever judges the agent.
"""
