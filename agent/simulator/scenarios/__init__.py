"""What can happen to a simulated printer, one scenario a file, named after it.

Each file offers `build_scenario(make, luck) -> Scenario`, see `agent.simulator.scenario.ScenarioFile`.
A scenario also says which ticket it must lead to: `printwarden demo` and the tests compare.
"""
