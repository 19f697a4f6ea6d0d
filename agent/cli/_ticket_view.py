"""How `printwarden ticket` shows one ticket: single facts, then its lists as tables."""

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from agent.cli import _common


def print_ticket(data: Mapping[str, Any], desk: str) -> None:
    """Print the payload of a ticket event, with one line of what the desk says of it."""
    _common.out.print(data["fault"]["title"], style="bold", markup=False)
    _common.print_table(
        "", ("", ""), [(name, text) for name, text in (*_ticket_facts(data), ("desk", desk)) if text]
    )
    for title, name, columns in TABLES:
        if found := (data if name == "parts" else data.get("printer") or {}).get(name):
            rows = [[cell(one) for cell in columns.values()] for one in found]
            _common.print_table(f"\n{title}", tuple(columns), rows)


def _ticket_facts(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (label, text) for each single value; an empty text is left out."""
    device, fault, printer = data["device"], data["fault"], data.get("printer") or {}
    yield "ticket", f"{data['ticket_id']}, {data['event']}, {data['kind']}"
    yield "fault", _join_parts(fault["fault_key"], fault["component"], fault["impact"], fault["severity"])
    yield "since", _format_since(data["opened_at"], fault.get("debounce"))
    yield "rule", data["rule"]["rule_id"]
    yield (
        "printer",
        _join_parts(
            _join_parts(device["make"], device["model"], by=" "),
            device["serial"] and f"serial {device['serial']}",
            device["firmware"] and f"firmware {device['firmware']}",
        ),
    )
    yield "where", _join_parts(device["location"], device["ip"], device["mac"])
    yield "code", _join_parts(fault.get("vendor_code"), _format_alert(fault.get("pmib")))
    yield (
        "status",
        _join_parts(printer.get("device_status"), printer.get("printer_status"), *printer.get("errors", ())),
    )
    yield "display", " / ".join(printer.get("console", ()))
    yield "pages", _format_pages(printer)
    yield "restarts", f"{printer['restarts_24h']} within 24 hours" if printer.get("restarts_24h") else ""
    yield from _contract_facts(data)
    yield "before", f"{fault['earlier_90d']} × within 90 days" if fault.get("earlier_90d") else ""
    yield "also open", ", ".join(fault.get("related") or ())


def _contract_facts(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the contract says: by when, who, where, what to bring along, who pays."""
    sla, sent, visit = data.get("sla") or {}, data.get("routing") or {}, data.get("visit") or {}
    skills, billing = data.get("skills") or {}, data.get("billing") or {}
    due = [f"{name} by {sla[key]}" for name, key in DUE_TIMES if sla.get(key)]
    late = [f"{name.replace('_', ' ')} is overdue" for name in sla.get("breached", ())]
    yield "priority", _join_parts(data["fault"].get("priority"), *due, *late)
    contract = data.get("contract") or {}
    yield "contract", _join_fields(contract, "contract_id", "billing_model", "problem")
    yield "sent", _join_fields(sent, "service_org", "queue", "dispatch", "problem")
    yield "visit", _join_fields(visit, "place", "hours", "contact_ref", "access_notes_ref")
    yield "skills", _join_parts(*skills.get("required", ()), *skills.get("certification", ()))
    lift = "two people to lift" if skills.get("two_person_lift") else None
    yield "tools", _join_parts(*skills.get("tools", ()), lift)
    yield "who pays", _format_billing(billing)


def _join_fields(fields: Mapping[str, Any], *names: str) -> str:
    return _join_parts(*(fields.get(name) for name in names))


def _format_billing(billing: Mapping[str, Any]) -> str:
    """ "covered", "the customer pays (time and materials), waits for: visit"."""
    if not billing or billing["chargeable"] is None:
        return ""
    reason = str(billing["reason"]).replace("_", " ")
    paid = f"the customer pays ({reason})" if billing["chargeable"] else reason
    answer = "the customer agreed" if billing.get("approved") else "the customer declined"
    told = answer if billing.get("approved") is not None else None
    waits = f"waits for the customer's yes: {billing['approval']}" if billing.get("approval") else None
    return _join_parts(paid, waits, told)


def _join_parts(*parts: str | None, by: str = ", ") -> str:
    return by.join(part for part in parts if part)


def _format_since(opened: str, debounce: Mapping[str, Any] | None) -> str:
    seen = debounce and debounce["first_seen"]
    return f"{opened}, first seen {seen}" if seen and seen != opened else opened


def _format_alert(row: Mapping[str, Any] | None) -> str:
    """ "markerFuserThermistorFailure (1004), marker 1, for fieldService"."""
    if not row:
        return ""
    return _join_parts(
        f"{row['name']} ({row['code']})", _format_place(row), row["training"] and f"for {row['training']}"
    )


def _format_place(row: Mapping[str, Any]) -> str | None:
    index = row["group_index"]
    return (
        _join_parts(row["group"], str(index) if isinstance(index, int) and index > 0 else None, by=" ")
        or None
    )


def _format_trouble(row: Mapping[str, Any]) -> str:
    return _join_parts(row["name"], _format_place(row))


def _format_pages(printer: Mapping[str, Any]) -> str:
    pages, a_day = printer.get("pages"), printer.get("pages_a_day")
    if pages is None:
        return ""
    return _join_parts(f"{pages:,}", a_day and f"about {a_day:,.0f} a day")


def _supply_name(one: Mapping[str, Any]) -> str:
    return str(one["description"] or _join_parts(one["colour"], one["type"], by=" "))


def _format_left(one: Mapping[str, Any]) -> str:
    return f"{one['percent']} %" if one["percent"] is not None else str(one["vague"] or "–").replace("_", " ")


def _format_days(one: Mapping[str, Any]) -> str:
    days = one["days_left"]
    return f"{days['p50']:.0f} days ({days['p10']:.0f} to {days['p90']:.0f})" if days else "–"


DUE_TIMES = (
    ("acknowledged", "acknowledge_due"),
    ("somebody there", "response_due"),
    ("working", "resolution_due"),
    ("a loaner", "loaner_due"),
)
Columns = Mapping[str, Callable[[Mapping[str, Any]], object]]
TABLES: tuple[tuple[str, str, Columns], ...] = (
    (
        "Parts to bring",
        "parts",
        {
            "part": itemgetter("part_no"),
            "ERP item": itemgetter("erp_item"),
            "what": itemgetter("description"),
            "qty": itemgetter("qty"),
            "voltage": itemgetter("voltage"),
        },
    ),
    (
        "Open alerts",
        "alerts",
        {
            "what": _format_trouble,
            "the printer says": itemgetter("text"),
            "severity": itemgetter("severity"),
            "for": itemgetter("training"),
            "since": itemgetter("since"),
        },
    ),
    (
        "Within a week",
        "troubles",
        {
            "what": _format_trouble,
            "the printer says": itemgetter("text"),
            "times": itemgetter("times"),
            "last": itemgetter("last"),
        },
    ),
    (
        "Supplies and parts",
        "supplies",
        {
            "supply": _supply_name,
            "left": _format_left,
            "empty in": _format_days,
            "part number": itemgetter("part_number"),
            "serial": itemgetter("serial"),
        },
    ),
    ("Replaced", "replaced", {"supply": itemgetter("supply"), "when": itemgetter("at")}),
)
"""The lists in a ticket's `printer`: title, name, and the columns with their format."""
