"""`printwarden status`: the state of the fleet, the agent and the outbox."""

from contextlib import closing
from dataclasses import asdict
from typing import Any

from agent.cli import _common
from agent.core.units import counted


def status(
    config: _common.ConfigFile = None, as_json: _common.AsJson = False, clock: _common.ClockText = ""
) -> None:
    """Show the known printers, the state of the agent, and the events that wait to be delivered.

    Reads the state file beside the running service; changes nothing.

    Example: printwarden status --json
    """
    from agent.config import credential_advice
    from agent.config.access_policy import AccessPolicy
    from agent.core import health, store
    from agent.reporting import status_views, ticket_deliveries

    settings = _common.load_settings(config)
    now = _common.parse_clock(clock).now()
    with closing(store.open_reader(settings.database_path)) as db:
        printers, outbox, agent = (
            status_views.list_printers(db, now),
            status_views.summarize_outbox(db),
            health.load_health(db),
        )
        deliveries = ticket_deliveries.list_noteworthy(db)
    advice = list(credential_advice.advise_credentials(settings))
    protections = _credential_levels(AccessPolicy.from_config(settings))
    if as_json:
        _common.print_json(
            {
                "printers": [asdict(one) for one in printers],
                "agent": agent,
                "outbox": asdict(outbox),
                "undelivered": dict(deliveries),
                "credentials": protections,
                "advice": advice,
            }
        )
        return
    headings = ("printer", "address", "state", "lowest supply", "pages", "last answer")
    rows = (
        (one.name, one.address, one.state, one.lowest_supply, one.pages, _format_age(one.last_answer, now))
        for one in printers
    )
    _common.print_table(counted(len(printers), "printer"), headings, rows)
    _common.out.print(
        f"\nOutbox: {outbox.waiting} waiting ({outbox.tickets_waiting} of them tickets or meter reads), "
        f"{outbox.delivered} delivered, {outbox.dead_letter} in the dead letter"
    )
    for trouble in outbox.trouble:
        _common.out.print(f"  not delivering: {trouble}; nothing is lost", markup=False)
    _common.print_deliveries(deliveries, indent="  ")
    for trouble in outbox.unheard:
        _common.out.print(f"  feedback of its desk cannot be fetched: {trouble}", markup=False)
    levels = ", ".join(f"{name} ({level})" for name, level in protections.items())
    _common.out.print(f"Credentials: {levels}", markup=False)
    for sentence in advice:
        _common.out.print(f"  {sentence}", markup=False)
    _print_complaints(agent)
    _print_failing(agent)


def _credential_levels(policy: Any) -> dict[str, str]:
    """Return the protection of each credential in use: clear text, authenticated, encrypted."""
    config = policy.config
    used = {name for place in (*config.network, *config.printer) for name in place.credentials}
    return {name: policy.credentials[name].security_level.value for name in sorted(used)}


def _format_age(at: float | None, now: float) -> str:
    from agent.core import units

    return f"{units.format_duration(max(0.0, now - at))} ago" if at else "never"


def _print_rules(agent: dict[str, Any]) -> None:
    """Print which rules are in force: their hash, and the versions of the provider's own."""
    if fingerprint := agent.get("rules_hash"):
        own = ", ".join(f"{name} (version {version})" for name, version in agent["own_rules"].items())
        _common.out.print(f"Rules in force: {fingerprint}; of your own: {own or 'none'}", markup=False)


def _print_failing(agent: dict[str, Any]) -> None:
    """Print the tasks that failed lately and were started again, with the last error, and incidents."""
    failing = agent.get("failing") or {}
    for task, reason in sorted(failing.items()):
        _common.out.print(f"\nStarted again after a failure: {task} ({reason})", markup=False)
    for sentence in agent.get("notices") or ():
        _common.out.print(f"\nSince the start: {sentence}", markup=False)


def _print_complaints(agent: dict[str, Any]) -> None:
    """Print which rules are in force, and the edited files that are not."""
    _print_rules(agent)
    for what in ("config_complaint", "rules_complaint", "contracts_complaint"):
        if complaint := agent.get(what):
            _common.out.print(f"\nThe last good version is in force, because:\n{complaint}", markup=False)
