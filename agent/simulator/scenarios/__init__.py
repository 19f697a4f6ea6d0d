"""Scenarios for simulated printers, one a file, named after it.

Each file offers `build_scenario(make, luck) -> Scenario`, see `agent.simulator.scenario.ScenarioFile`.
A scenario also names the ticket it must lead to: `printwarden demo` and the tests compare.
"""
