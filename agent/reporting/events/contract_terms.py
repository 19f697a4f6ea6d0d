"""Builds the objects of a ticket that come from its contract."""

from typing import Any

from agent.contracts.matching import ContractMatch
from agent.contracts.ticket_terms import TicketTerms
from agent.core.clock import format_iso_time
from agent.history.meters.named_sums import NamedSum
from uplink.events import contract_terms as wire
from uplink.events.base import Device, Record

DUE_FIELDS = {"acknowledge": "acknowledge_due", "response": "response_due", "resolution": "resolution_due",
              "max_downtime": "max_downtime_due", "loaner_after": "loaner_due"}  # fmt: skip


def build_contract_parts(terms: TicketTerms) -> dict[str, Record | list[wire.Part]]:
    """Build the objects by their names in mps.ticket/1."""
    return {
        "contract": _build_contract(terms),
        "sla": _build_sla(terms),
        "routing": _build_routing(terms),
        "skills": _build_skills(terms),
        "parts": _build_parts(terms),
        "visit": _build_visit(terms),
        "billing": _build_billing(terms),
    }


def add_asset(device: Device, match: ContractMatch) -> Device:
    """Add what the asset list says of a printer to the `device` object."""
    asset = match.asset
    found = {"managed": match.managed}
    if asset is None:
        return device.model_copy(update=found)
    return device.model_copy(
        update={
            **found,
            "asset_tag": asset.asset_tag or None,
            "in_service_since": asset.in_service_since or None,
            "segment": asset.segment or None,
        }
    )


def build_meters(sums: tuple[NamedSum, ...], read_at: float | None) -> wire.MetersAtCall:
    """Build the counters at the time of a ticket."""
    return wire.MetersAtCall.model_construct(
        read_at=None if read_at is None else format_iso_time(read_at),
        **{one.name: one.value for one in sums},  # type: ignore[arg-type]
        reasons={one.name: one.reason.value for one in sums if one.reason},
    )


def _build_contract(terms: TicketTerms) -> wire.ContractSummary:
    contract, match = terms.match.contract, terms.match
    found: dict[str, Any] = {"contract_id": None, "how": match.how, "problem": match.problem or None}
    if contract:
        found |= {
            "contract_id": contract.id,
            "customer_id": contract.customer_id or None,
            "service_model": terms.route.organisation.model if terms.route else None,
            "billing_model": contract.billing_model,
            "starts": contract.starts.isoformat() if contract.starts else None,
            "ends": contract.ends.isoformat() if contract.ends else None,
        }
    return wire.ContractSummary.model_construct(**found)


def _build_sla(terms: TicketTerms) -> wire.Sla:
    contract = terms.match.contract
    found: dict[str, Any] = {
        "calendar": terms.calendar,
        "clock_start": format_iso_time(terms.times.started),
        "at_risk": [one.name for one in terms.targets if one.state == "at_risk"],
        "breached": [one.name for one in terms.targets if one.state == "breached"],
        "reason": _find_sla_reason(terms),
    }
    found |= {DUE_FIELDS[one.name]: format_iso_time(one.due) for one in terms.targets if one.due is not None}
    if contract:
        found |= {
            "pause_when": list(contract.pause_when),
            "uptime_target_pct": contract.uptime_target_pct,
            "uptime_period": contract.uptime_period,
            "penalty_class": contract.penalty_class or None,
        }
    return wire.Sla.model_construct(**found)


def _find_sla_reason(terms: TicketTerms) -> str | None:
    if not terms.targets:
        return "no_promise"
    if not any(one.state == "paused" for one in terms.targets):
        return None
    return "waiting_for_approval" if terms.cover.approval and terms.times.approved is None else "paused"


def _build_routing(terms: TicketTerms) -> wire.Routing:
    route, asset = terms.route, terms.match.asset
    found: dict[str, Any] = {"territory": asset.territory or None if asset else None}
    if route:
        sent = route.organisation
        found |= {
            "queue": sent.queue,
            "service_org": sent.id,
            "dispatch": route.dispatch,
            "cc": list(sent.cc),
            "programme": sent.programme or None,
            "profile": sent.profile,
            "escalate_to": sent.escalate_to or None,
            "problem": route.problem or None,
        }
    return wire.Routing.model_construct(**found)


def _build_skills(terms: TicketTerms) -> wire.Skills:
    needs = terms.needs
    return wire.Skills.model_construct(
        required=list(needs.skills),
        certification=list(needs.certification),
        tools=list(needs.tools),
        two_person_lift=needs.two_person_lift,
    )


def _build_parts(terms: TicketTerms) -> list[wire.Part]:
    return [
        wire.Part.model_construct(
            part_no=part.part_no,
            erp_item=part.erp_item or None,
            description=part.description or None,
            qty=part.qty,
            voltage=part.voltage or None,
            basis=f"kit:{kit}",
            stock_hint=None,
        )
        for kit, part in terms.needs.parts
    ]


def _build_visit(terms: TicketTerms) -> wire.Visit:
    asset = terms.match.asset
    if asset is None:
        return wire.Visit.model_construct(reason="not_in_asset_list")
    return wire.Visit.model_construct(
        place=asset.location or None,
        hours=asset.visit_hours or None,
        contact_ref=asset.contact_ref or None,
        access_notes_ref=asset.access_notes_ref or None,
        next_planned=asset.next_visit or None,
    )


def _build_billing(terms: TicketTerms) -> wire.Billing:
    cover = terms.cover
    return wire.Billing.model_construct(
        covered=cover.covered,
        chargeable=cover.chargeable,
        reason=cover.reason,
        exclusions_hit=list(cover.exclusions),
        labour_included=cover.labour,
        parts_included=cover.parts,
        approval=cover.approval if terms.times.approved is None else None,
        approved=terms.times.approved if cover.approval else None,
    )
