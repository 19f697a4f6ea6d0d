"""Forecasts of when a supply runs out and a part wears out, each with its basis.

    life counter ──► usage          pages a day, by weekday ──────┐
    the site     ──► site_rhythm    trend of all of its printers ─┤
                                                                  ├─► supply_forecast  P10 · best · P90, days
    levels       ──► supply_model   share left, use a page ───────┤
    the fleet    ──► fleet_priors   start values of new printers, ┘
                                    and the errors of past forecasts
    troubles     ──► part_wear      odds of "worn" against "healthy"

Pure and incremental: a reading changes a few numbers, no history is kept or read again, and the same
readings give the same forecasts. Times are site-local seconds since 1970-01-01; no code here reads a clock.
Every forecast is an estimate. Its accuracy is measured on past forecasts: see `calibration`.
"""
