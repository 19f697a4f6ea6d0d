"""The demonstration: a simulated fleet, the agent and a receiver, on loopback only.

processes  three real processes; the agent is restarted if it dies, as a service manager would
workspace  the temporary folder: the agent's config.toml, the receiver's database
report     pure: the expected tickets compared with those that the receiver holds
console    the output while it runs
"""
