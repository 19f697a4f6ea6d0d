"""The whole line on one stage: a simulated fleet, the agent and a receiver, on loopback only.

players    three real processes, the agent restarted if it dies, as a service manager would
props      the throw-away folder: the agent's config.toml, the receiver's database
verdict    pure: what the stories promised against what the receiver holds
screen     what a person sees meanwhile
"""
