"""`printwarden rules precision`: how often each rule was right, by how the desk closed its tickets."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.tickets.feedback.precision import RulePrecision

COLUMNS = ("rule", "closed", "confirmed", "no fault found", "user fixable", "precision", "95 %", "")


def show_precision(config: _common.ConfigFile = None, as_json: _common.AsJson = False) -> None:
    """Show how often each rule was right, by how the provider's desk closed its tickets.

    Confirmed against "no fault found" and "user fixable"; duplicates and what is out of scope say nothing
    of a rule. With fewer than 20 closed tickets the share is no ground to change a rule by.

    Example: printwarden rules precision --json
    """
    from agent.core import store
    from agent.tickets.feedback import feedback_store

    settings = _common.load_settings(config)
    with closing(store.open_reader(settings.database_path)) as db:
        found = feedback_store.load_precisions(db)
    if as_json:
        _common.print_json([_precision_document(one) for one in found])
        return
    closed = sum(sum(one.outcomes.values()) for one in found)
    _common.print_table(
        f"{counted(len(found), 'rule')}, {counted(closed, 'closed ticket')}",
        COLUMNS,
        map(_precision_row, found),
    )


def _precision_row(one: "RulePrecision") -> Sequence[object]:
    outcomes, wrong = one.outcomes, (one.outcomes.get(name, 0) for name in ("no_fault_found", "user_fixable"))
    share = "–" if one.share is None else f"{one.share:.0%}"
    interval = "–" if one.interval is None else "{:.0%} to {:.0%}".format(*one.interval)
    return (
        one.rule, sum(outcomes.values()), one.confirmed, *wrong, share, interval, one.sample_warning,
    )  # fmt: skip


def _precision_document(one: "RulePrecision") -> dict[str, Any]:
    return {
        "rule": one.rule,
        "outcomes": dict(one.outcomes),
        "judged": one.judged,
        "confirmed": one.confirmed,
        "precision": one.share,
        "interval": one.interval,
        "callbacks": one.callbacks,
        "enough": one.is_sufficient,
        "caution": one.sample_warning,
    }
