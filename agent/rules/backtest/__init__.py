"""Backtests: scores of recorded firings, the HTML report, the sweep over one threshold."""
