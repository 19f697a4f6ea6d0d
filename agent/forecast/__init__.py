"""When a supply runs out and a part gives up: estimates, with what they rest on.

    life counter ──► habit   pages a day, by weekday ─┐
    the site     ──► site    what all its printers do ┤
                                                      ├──► outlook   P10 · best estimate · P90, in days
    levels       ──► slot    share left, use a page ──┤
    the fleet    ──► pool    what newcomers start from,
                             and how far past forecasts were off
    troubles     ──► wear    how much likelier "worn" explains them than "healthy"

Pure and incremental: a reading changes a few numbers, no history is kept or read again, and the same
readings give the same forecasts. Times are site-local seconds since 1970-01-01; nothing asks a clock.
Every forecast is an estimate. Figures of its accuracy come from looking back: see `lookback`.
"""
