"""Rules on recorded history: backtests, trials, explanations and checks against a fleet."""
