"""The dedupe key: names one fault of one component, the same on every agent of the site. Pure.

    S-04|sn:PHBLL12345|fuser.failure|fuser:1         site | device | fault | component

It has no counter: a counter begins anew with each state file, and would make a new fault look like one
that was there before. The provider keeps at most one ticket that occupies a key (`uplink/events/ticket.py`).
"""


def build_dedupe_key(site_id: str, device_key: str, fault: str, component: str) -> str:
    """Join the four parts by "|"; "%" and "|" within a part are escaped."""
    parts = (site_id, device_key, fault, component)
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)
