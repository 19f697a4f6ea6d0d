"""What delivery claims: for each the figure that shows it, and the broken variant that must fail.

A test shows a claim by its mark, and says what it measured with the fixture `figure`:

    @pytest.mark.claim("herd")
    def test_…(figure): … figure(agents=2000, peak=0.011)

    @pytest.mark.control("herd")
    def test_without_jitter_…(figure): … figure(peak=0.92)

Figures of several tests are added up, unless `folds` says otherwise. `full` is what the long run must reach.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Number = float
Fold = Callable[[Sequence[Number]], Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One line of the table."""

    name: str  # what the marks call it
    says: str
    figure: str  # format string over what the proofs measured
    control: str  # the same over what the broken variants did
    full: Mapping[str, Number] = field(default_factory=dict)
    folds: Mapping[str, Fold] = field(default_factory=dict)

    def told(self, template: str, measured: Mapping[str, Sequence[Number]]) -> str:
        """`template` with what was measured."""
        return template.format(**self.folded(measured))

    def folded(self, measured: Mapping[str, Sequence[Number]]) -> dict[str, Number]:
        """One number of each kind."""
        return {what: self.folds.get(what, sum)(numbers) for what, numbers in measured.items()}

    def short(self, measured: Mapping[str, Sequence[Number]]) -> list[str]:
        """What is missing of the full length: "600 of 10,000 kills"."""
        have = self.folded(measured)
        return [
            f"{have.get(what, 0):,} of {wanted:,} {what}"
            for what, wanted in self.full.items()
            if have.get(what, 0) < wanted
        ]


LISTED = (
    Claim(
        name="kill",
        says="kill −9 of a real process between put, send, ack and delete",
        figure="{kills:,} kills, {events:,} events: {lost} lost, {doubled} doubled, in order",
        control="deleting before the receipt: {lost} of 400 lost; naming events when sending: {doubled} doubled",
        full={"kills": 10_000},
    ),
    Claim(
        name="agent-kill",
        says="kill −9 of the whole agent (polls, rules, tickets, outbox), the receiver failing at random",
        figure="{kills} kills, {faults} faults, {events} ticket events: each once, in order, no hole",
        control="state committed apart from the outbox: {lost} lost after {kills} kills",
        full={"kills": 60},
    ),
    Claim(
        name="power",
        says="loss of power under the product's own statements, `synchronous=FULL`",
        figure="{images:,} images of the disk: {broken} break a promise",
        control="`NORMAL`: {broken:,} of {images:,} images break some",
        full={"images": 20_000},
    ),
    Claim(
        name="disk-error",
        says="I/O error, or no room, at every single operation",
        figure="{lives:,} lives: {lost} accepted events lost",
        control="not looking at what COMMIT says: {lost} lost in {lives} lives",
        full={"lives": 1500},
    ),
    Claim(
        name="model",
        says="random lives with crashes against a plain list",
        figure="{lives} lives, {steps:,} steps: nothing lost, doubled, overtaken or miscounted",
        control="{found} of {variants} broken outboxes found out",
        full={"lives": 200},
    ),
    Claim(
        name="drain",
        says="a long queue drains into a receiver that validates and stores",
        figure="{queued:,} queued: {rate:,.0f} a second ({cpu:.0f} µs of processor an event, both sides), "
        "{rss:.0f} MB",
        control="no index on (lane, seq): {steps:.1f} times the work a request on a queue 32 times as long",
        full={"queued": 1_000_000},
        folds={"queued": max, "rate": lambda told: told[-1], "cpu": lambda told: told[-1], "rss": max},
    ),
    Claim(
        name="tickets-first",
        says="a new ticket goes with the next request",
        figure="behind {queued:,} readings: at the provider after {seconds:.2f} s",
        control="lanes in one row: {requests} requests later",
        full={"queued": 1_000_000},
        folds={"queued": max, "seconds": max},
    ),
    Claim(
        name="herd",
        says="agents that come back after an outage of 72 hours, and of 30 days",
        figure="{agents:,} agents, {days} days: at most {peak:.2%} of them in one second",
        control="no jitter: {peak:.0%} of them in one second",
        full={"agents": 2000, "days": 30},
        folds={"agents": max, "days": max, "peak": max},
    ),
    Claim(
        name="http",
        says="HTTP faults: status, header, cut, slow, huge, garbage, gzip bomb, portal",
        figure="{faults} faults: each event arrives once, or dies with a reason",
        control="believing a 200: {lost} of 2 lost to a captive portal",
        full={"faults": 60},
    ),
    Claim(
        name="poison",
        says="an unacceptable event dies alone, the others arrive",
        figure="{poisoned} of {events} unacceptable: {arrived} arrive, {dead} dead with a reason, {requests} requests",
        control="no bisecting: {waiting} of 2 still wait after 30 requests",
    ),
    Claim(
        name="corrupt",
        says="corrupted files: always starts, counts what is lost",
        figure="{files} files: median {median:.1%} of the events survive, {altered} altered unseen",
        control="no digests: {altered} altered events of {files} files would be sent",
        full={"files": 500},
        folds={"median": min},
    ),
    Claim(
        name="damaged-states",
        says="damaged state files of the whole agent, among them every byte of the first two pages",
        figure="{files:,} files: all open, {whole:,} without a loss, {uncounted} events lost uncounted, "
        "{altered} altered",
        control="neither pages nor counts beside the file: {uncounted} lost uncounted in {files} files",
        full={"files": 8492},
    ),
    Claim(
        name="flips",
        says="an altered row, in any column, or an altered frozen body",
        figure="{found} of {made} found, at the start and on the way out",
        control="no digest: {sent} of {made} sent",
    ),
    Claim(
        name="full-disk",
        says="a full disk heals itself, and takes every ticket",
        figure="full after {readings:,} readings; then {kept:,} of {tickets:,} tickets kept, {failed} rounds failed",
        control="no ballast: {kept} of {tickets:,} kept",
    ),
    Claim(
        name="tls",
        says="proxy (CONNECT, 407, login), private CA; expired, wrong host, self-signed",
        figure="{reached} ways reach the provider, {refused} impostors refused",
        control="nobody looks at certificates: {fooled} of 3 impostors get the events",
    ),
    Claim(
        name="receiver-fuzz",
        says="mutated requests to the receiver get a receipt or problem+json",
        figure="{requests:,} requests, {sockets:,} of them on a socket: {odd} other answers",
        control="without its guards: {odd} other answers to {requests:,} requests",
        full={"requests": 100_000},
    ),
    Claim(
        name="snmp",
        says="hostile SNMP packets",
        figure="{packets:,} packets: {crashes} crashes, {strays} strays, {slow} slow",
        control="a codec that believes lengths: {crashes} crashes in {packets:,} packets",
        full={"packets": 100_000},
    ),
    Claim(
        name="hostile-ipp",
        says="hostile HTTP and IPP answers of a device, beside good printers",
        figure="{answers:,} answers: {unforeseen} unforeseen errors, the good printer polled on",
        control="httpx's errors let through: {ended} of 1 answers ends a sweep",
        full={"answers": 1000},
    ),
    Claim(
        name="closed-site",
        says='a site whose printers answer neither "public" nor SNMPv1 and v2c',
        figure="{printers:,} printers in {subnets} subnets: {found} found",
        control="without DNS-SD and WS-Discovery: {found} of {printers} found",
        full={"printers": 60},
        folds={"subnets": max},
    ),
    Claim(
        name="hostile-mdns",
        says="fuzzed mDNS packets, beside a printer that announces itself",
        figure="{packets:,} packets: {restarts} restarts of listening, the good printer found, {rss:.0f} MB more",
        control="one name ends resolving, as it was: {met} of 1 good printers found",
        full={"packets": 100_000},
        folds={"rss": max},
    ),
    Claim(
        name="who-is-who",
        says="printers move, exchange addresses, are replaced and come back; counters reset, glitch, stall and wrap",
        figure="{days:,} days of 20 printers: {pages:,} pages billed, {wrong} to a wrong key, {doubled} twice; "
        "{borders:,} of {borders:,} borders told",
        control="identity from the address, no border of a place: {failed} of 2 fail the model",
        full={"days": 300},
    ),
    Claim(
        name="hostile-provider",
        says="hostile answers of a provider to the installed agent: enrolment, renewal, events, feedback, capabilities",
        figure="{answers:,} answers at {kinds} addresses: {ended} times ended, {lost} events lost, "
        "{outside} packets outside, {rss:.0f} MB at most; polls and deliveries go on",
        control="httpx's errors let through, no bounds: {failed} of {answers} answers end it, "
        "{bytes:,} bytes of one are read",
        full={"answers": 1000},
        folds={"rss": max, "kinds": max, "bytes": max},
    ),
    Claim(
        name="memory",
        says="memory of the installed agent under fuzzed mDNS packets and hostile IPP answers",
        figure="{packets:,} packets, {answers:,} answers: {rss:.0f} MB at most, {ended} times ended, "
        "{outside} packets outside, the good printer found",
        control="a process that keeps 150 MB: {kept:.0f} MB measured",
        full={"packets": 20_000, "answers": 100},
        folds={"rss": max, "kept": max},
    ),
    Claim(
        name="clock-jumps",
        says="jumps of the wall clock (minutes, a day, a year, back and forward, 1970) in a running service",
        figure="{jumps:,} jumps: {missed} polls missed, {doubled} jobs run twice, {unsaid} not reported once",
        control="due times by wall time: {stopped} of 1 jumps stop the polls",
        full={"jumps": 200},
    ),
    Claim(
        name="strings",
        says="hostile strings of printers in JSON, HTML, SVG, log, terminal and e-mail (there is no CSV)",
        figure="{strings:,} strings × {outputs} outputs: {broken} broken",
        control="shown as they came: {broken:,} of {strings:,} break an output",
        full={"strings": 10_000},
        folds={"outputs": max},
    ),
    Claim(
        name="replicas",
        says="two replicas on one PostgreSQL serve all agents at once",
        figure="{agents:,} agents, {requests:,} requests: {doubles} double rows",
        control="no unique keys: {doubles} double rows of {agents} agents",
        full={"agents": 2000},
        folds={"agents": max},
    ),
    Claim(
        name="connections",
        says="connections to the receiver that are held open, half a TLS handshake, more than descriptors",
        figure="{held:,} held: {failed} of {requests} good requests beside them failed",
        control="closing none of them: {failed} of {requests} good requests failed",
        full={"held": 1900},
    ),
    Claim(
        name="ports",
        says="what a running agent opens is what its configuration opens",
        figure="{configurations} configurations, {tried:,} TCP ports tried: {unexpected} open unexpectedly",
        control="a process that listens: {found} found",
        folds={"tried": sum},
    ),
    Claim(
        name="backtest-live",
        says="a backtest opens the tickets that the running agent opened, one by one, within a poll",
        figure="{tickets} tickets in {days} days, {foreseen} of them foreseen: {different} different",
        control="one signal with a peek into the future: {different} different",
        full={"days": 60, "tickets": 70, "foreseen": 30},
    ),
)

CLAIMS = {claim.name: claim for claim in LISTED}
