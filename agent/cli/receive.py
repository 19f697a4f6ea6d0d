"""`printwarden receive`: the reference provider, for trials, tests, and authors of a real one."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from agent.cli import _common, _console
from agent.core.units import counted
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.certificates import CertificateFiles, ensure_certificates
from uplink.receiver.desk_auth import DeskAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.faults import FaultInjection
from uplink.receiver.parsing import ReceivedEvent
from uplink.receiver.serve import serve_app
from uplink.targets._loopback import is_loopback

app = typer.Typer(invoke_without_command=True)
app.command("feedback")(_console.give_feedback)
app.command("request")(_console.ask_agents)

DatabaseOption = Annotated[
    str, typer.Option(help="Where to keep what arrives: a file (SQLite), or postgresql://… for replicas.")
]
OwnDatabaseOption = _console.OwnDatabaseOption

TlsFolderOption = Annotated[
    Path | None,
    typer.Option(
        help="Where the throw-away CA and certificate live; made if missing.",
        show_default="beside the database",
    ),
]
InsecureLoopbackOption = Annotated[
    bool, typer.Option("--insecure-loopback", help="Plain http, on loopback only.")
]
TokenFileOption = Annotated[
    Path | None, typer.Option(help="File with the bearer token to ask for.", exists=True, dir_okay=False)
]
EnrolmentOption = Annotated[
    bool, typer.Option("--enrolment", help="Take events from enrolled agents only, signed.")
]
FailOption = Annotated[
    str, typer.Option(help="Fail with STATUS, or STATUS:SHARE of requests.", metavar="503:0.3")
]
ThrottleOption = Annotated[
    float | None, typer.Option(min=0, help="Answer 429 with this Retry-After, in seconds.")
]
ControlOption = Annotated[
    bool, typer.Option("--control", help="Let POST /control change the behaviour while it runs.")
]


TenantOption = Annotated[
    str, typer.Option(help="The tenant, where several providers share the receiver.", show_default="none")
]


@app.callback(epilog="Exit codes: 0 stopped by Ctrl+C or SIGTERM, 1 the port is taken, 2 wrong usage.")
def receive(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")] = 8443,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    database: DatabaseOption = "receiver.db",
    tls_folder: TlsFolderOption = None,
    insecure_loopback: InsecureLoopbackOption = False,
    token_file: TokenFileOption = None,
    enrolment: EnrolmentOption = False,
    fail: FailOption = "",
    throttle: ThrottleOption = None,
    hang: Annotated[float, typer.Option(min=0, help="Take this many seconds before each answer.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each event.")] = False,
    control: ControlOption = False,
    as_json: _common.AsJson = False,
) -> None:
    """Be the provider: accept events, store each once, answer with receipts, or misbehave on request.

    Says where it listens, and with which CA file the agent can check it; then one line per event.

    Examples:

      printwarden receive

      printwarden receive --port 0 --fail 503:0.3 --control --json

      printwarden receive tickets --database receiver.db
    """
    if context.invoked_subcommand is not None:
        context.obj = database
        return
    if control and not is_loopback(host):
        raise typer.BadParameter("everybody may use /control: on loopback only", param_hint="--control")
    mood = _parse_faults(fail).model_copy(update={"throttle": throttle, "hang": hang})
    token = token_file.read_text("utf-8").strip() if token_file else None
    certificates = (
        None if insecure_loopback else ensure_certificates(tls_folder or _default_tls_folder(database))
    )
    desk = create_app(
        database,
        token=token,
        enrolment=enrolment,
        behaviour=mood,
        control=control,
        arrived=None if quiet else _print_event_json if as_json else _print_event,
    )
    try:
        asyncio.run(
            _serve_receiver(
                serve_app(desk, host=host, port=port, certificates=certificates), certificates, as_json
            )
        )
    except ValueError as why:
        raise typer.BadParameter(str(why)) from why
    except OSError as why:
        _common.err.print(f"cannot listen on {host} port {port}: {why.strerror}. Try --port 0.")
        raise typer.Exit(1) from why


@app.command()
def tickets(
    context: typer.Context, database: OwnDatabaseOption = "", as_json: _common.AsJson = False
) -> None:
    """List the tickets that arrived, each by its newest event. Also while the receiver runs.

    Example: printwarden receive tickets --database receiver.db
    """
    with closing(_console.open_event_store(_console.find_database(context, database))) as ledger:
        rows = ledger.list_tickets()
    if as_json:
        _common.print_json(rows)
        return
    lines = [(row["opened_at"], row["event"], row["ticket_seq"], *_ticket_names(row["data"])) for row in rows]
    _common.print_table(
        counted(len(lines), "ticket"), ("opened", "now", "seq", "printer", "fault", "title"), lines
    )


@app.command()
def agents(context: typer.Context, database: OwnDatabaseOption = "", as_json: _common.AsJson = False) -> None:
    """List the agents that ever called, the longest silent first. Also while the receiver runs.

    Example: printwarden receive agents --database receiver.db
    """
    with closing(_console.open_event_store(_console.find_database(context, database))) as ledger:
        rows = sorted(ledger.list_agents(), key=lambda row: float(row["last_contact"]))
    if as_json:
        _common.print_json(rows)
        return
    lines = [
        (
            row["agent_id"],
            row["site_id"],
            _format_time(row["last_contact"]),
            "silent" if row["silent"] else "",
        )
        for row in rows
    ]
    _common.print_table(counted(len(lines), "agent"), ("agent", "site", "last contact", ""), lines)


@app.command()
def token(
    context: typer.Context,
    site: Annotated[str, typer.Option(help="The site that it is for.")],
    hours: Annotated[float, typer.Option(min=0.01, max=24, help="How long it is good for.")] = 24,
    tenant: TenantOption = "",
    database: OwnDatabaseOption = "",
) -> None:
    """Print a token for one enrolment at one site. Hand it over in a file: `printwarden enroll --token-file`.

    Example: printwarden receive token --site S-04 > token
    """
    with closing(EventStore(_console.find_database(context, database))) as ledger:
        print(AgentAuth(ledger).issue_token(site, time.time(), hours * 3600, tenant_id=tenant))


@app.command()
def desk(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="The name of the desk.")],
    site: Annotated[list[str] | None, typer.Option(help="A site that it may read; may be repeated.")] = None,
    all_sites: Annotated[bool, typer.Option("--all-sites", help="Every site of the tenant.")] = False,
    tenant: TenantOption = "",
    revoke: Annotated[bool, typer.Option("--revoke", help="Delete the credentials of this desk.")] = False,
    database: OwnDatabaseOption = "",
) -> None:
    """Print a credential with which a desk reads the events, tickets and agents of its sites.

    Examples:

      printwarden receive desk --name dispatch --site S-04 --site S-05

      curl -H "Authorization: Bearer $CREDENTIAL" https://mps.example.com/v1/tickets
    """
    if not revoke and bool(site) == all_sites:
        raise typer.BadParameter("name the sites, or give --all-sites", param_hint="--site")
    with closing(EventStore(_console.find_database(context, database))) as ledger:
        auth = DeskAuth(ledger)
        if not revoke:
            sites = None if all_sites else site
            print(auth.issue_credential(name, time.time(), sites=sites, tenant_id=tenant))
        elif not auth.revoke_credentials(name, tenant_id=tenant):
            raise typer.BadParameter(f"there is no desk {name}", param_hint="--name")


def _default_tls_folder(database: str) -> Path:
    """Return the default folder of certificates."""
    if "://" in database:
        return Path("receiver-tls")
    return Path(database).with_name(f"{Path(database).stem}-tls")


def _format_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _ticket_names(ticket: dict[str, Any]) -> tuple[str, str, str]:
    return ticket["device"]["device_key"], ticket["fault"]["fault_key"], ticket["fault"]["title"]


def _parse_faults(fail: str) -> FaultInjection:
    try:
        return FaultInjection.parse_failure(fail) if fail else FaultInjection()
    except ValueError as why:
        raise typer.BadParameter(str(why), param_hint="--fail") from why


async def _serve_receiver(
    server: AbstractAsyncContextManager[str], certificates: CertificateFiles | None, as_json: bool
) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with server as url:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
        ca_file = str(certificates.ca_file.resolve()) if certificates else None
        if as_json:
            _print_json_line({"url": url, "ca_file": ca_file, "pid": os.getpid()})
        else:
            _common.out.print(f"receiving on {url}/v1/events; Ctrl+C ends it")
            _common.out.print(
                f"clients check it with {ca_file}" if ca_file else "not encrypted: for trials only"
            )
        await stop.wait()


def _print_event(arrival: ReceivedEvent) -> None:
    """Print one event for a person."""
    if arrival.event is None:
        line = f"{arrival.id}  refused: {arrival.refused.detail if arrival.refused else ''}"
    else:
        event = arrival.event
        head = f"{event.time}  #{int(event.sequence)}  {event.type}  {event.subject}"
        line = f"{head}  {_summarize_event(event.data)}"
    _common.out.print(Text(line), soft_wrap=True)


def _print_event_json(arrival: ReceivedEvent) -> None:
    """Print one event for a program."""
    if arrival.event is not None:
        _print_json_line(arrival.event.model_dump())


def _print_json_line(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _summarize_event(data: Mapping[str, Any]) -> str:
    """Summarise a ticket in a few words; "" for other events."""
    if "fault" not in data:
        return ""
    return f"{data['event']}: {data['fault']['title']} ({data['device']['device_key']})"
