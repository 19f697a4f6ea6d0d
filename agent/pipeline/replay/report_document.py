"""A backtest's report as data."""

from dataclasses import asdict
from typing import Any

from agent.core.clock import format_iso_time
from agent.rules.backtest.order_figures import OrderFigures, middle_of, quartile_of
from agent.rules.backtest.scoring import RuleScore

DAY = 86400.0


def build_score_document(score: RuleScore) -> dict[str, Any]:
    """One rule: None for what is unknown."""
    replayed, orders = not score.unreplayable_signals, score.orders
    return {
        "rule": score.rule,
        "tickets": len(score.tickets) if replayed else None,
        "tickets_per_device_month": round(score.ticket_rate, 4) if replayed else None,
        "precision": score.precision.value if score.judged else None,
        "precision_interval": score.precision.interval if score.judged else None,
        "recall": score.recall.value if score.judged else None,
        "recall_interval": score.recall.interval if score.judged else None,
        "lead_days": [it / DAY for it in score.lead_quartiles] if score.lead_quartiles else None,
        "orders": _build_orders_document(orders) if orders else None,
        "flaps": score.flaps,
        "few": score.judged and (score.precision.is_small_sample or score.recall.is_small_sample),
        "thinned": score.thinned,
        "known_since": format_iso_time(score.known_since) if score.known_since else None,
        "not_replayed": list(score.unreplayable_signals),
        "missed": [asdict(it) for it in score.missed],
        "false": [asdict(it) for it in score.false],
    }


def _build_orders_document(orders: OrderFigures) -> dict[str, Any]:
    lead, days = middle_of(orders.leads), middle_of(orders.days_left)
    return {
        "changed": len(orders.leads),
        "lead_days": None if lead is None else lead / DAY,
        "emptied": len(orders.days_left),
        "days_left": None if days is None else days / DAY,
        "percent_left": middle_of(orders.left),
        "percent_left_upper_quartile": quartile_of(orders.left, 3),
        "dry_days": orders.dry_days,
        "dry_cartridges": len(orders.dry),
        "unordered": orders.unordered,
        "delivery_days": orders.delivery / DAY,
    }
