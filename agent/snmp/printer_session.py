"""Reads one printer through either engine: splits requests, handles errors, remembers what works.

An `Exchange` carries one request and its response. The rules of RFC 3416 about responses, and the ways
in which firmware breaks them, are handled here, once for SNMPv1, v2c and v3.

    tooBig         ask for less, and remember how much less
    noSuchName     SNMPv1 fails the whole request for one name: leave it out, remember it, ask again
    genErr …       leave out the name that error-index points at; without one, split
    no progress    GETBULK -> GETNEXT -> GET, and remember the step; so do replies to GETBULK that break off
"""

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Protocol

from agent.core.errors import MalformedReply, NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.core.model import Address
from agent.snmp.codec import AUTHORIZATION_ERROR, NO_ERROR, NO_SUCH_NAME, TOO_BIG, RequestType, SnmpReply
from agent.snmp.companions import name_before, skip_companions
from agent.snmp.context_search import search_context
from agent.snmp.oid import decode_arcs, encode_arcs, format_oid
from agent.snmp.reader import Companion, MissingValue, SnmpValue, VarBind
from agent.snmp.request_strategy import MAX_REPETITIONS, ReadMode, RequestStrategy, split_names
from agent.snmp.walk_guards import TableWalk, WalkColumn, WalkLimits

ERROR_NAMES = (
    "noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType",
    "wrongLength", "wrongEncoding", "wrongValue", "noCreation", "inconsistentValue",
    "resourceUnavailable", "commitFailed", "undoFailed", "authorizationError", "notWritable",
    "inconsistentName",
)  # fmt: skip
"""error-status by number (RFC 3416, section 3)."""

VERSION_NAMES = {0: "1", 1: "2c", 3: "3"}
GUESS_BATCH = 10  # rows asked for at once where a table can only be guessed at
MAX_GUESSED = 200  # rows


class Exchange(Protocol):
    """The seam to the network."""

    waited: float
    """Seconds spent waiting for the printer so far, without the waits of the rate limiter."""

    async def send_request(
        self,
        ask: RequestType,
        names: Sequence[bytes],
        strategy: RequestStrategy,
        *,
        brief: bool = False,
        companions: int = 0,
    ) -> SnmpReply:
        """Send one request, repeated until answered. `brief`: with fewer repeats, as the printer is awake.

        Raises NoAnswer, MalformedReply or WrongCredential."""

    def list_contexts(self) -> Sequence[str]:
        """List the SNMPv3 contexts in which such a printer may answer, besides the default one."""


class DeviceReader:
    """An `SnmpReader`. `missing` are the names that an SNMPv1 printer answered noSuchName to."""

    def __init__(
        self,
        address: Address,
        exchange: Exchange,
        strategy: RequestStrategy,
        limits: WalkLimits,
        missing: set[bytes],
        rows: dict[bytes, int],
        *,
        first_time: bool = True,
    ) -> None:
        self._address = address
        self._exchange = exchange
        self._strategy = strategy
        self._limits = limits
        self._missing = missing
        self._rows = rows
        self._companion: Companion | None = None
        self._proven = True  # the last reply carried the companion's values, or there is no companion
        self._awake = False
        self._bulk_works = False
        self._first_time = first_time
        self._context_known = strategy.version != "3" or strategy.context is not None

    @property
    def address(self) -> Address:
        return self._address

    @property
    def learned(self) -> str:
        """The strategy to pass to `SnmpClient.create_reader` next time."""
        return str(self._strategy)

    def accompany(self, companion: Companion | None) -> None:
        """Let `companion` ride in every request from now on; in SNMPv1, in every GET."""
        self._companion = companion

    async def confirm(self) -> None:
        """Ask for the companion alone, unless the last reply carried it. Raises as `get` does."""
        if self._companion and not self._proven:
            reply = await self._send_request(RequestType.GET, self._companion.names)
            self._proven = True
            if reply.error_status in {NO_ERROR, NO_SUCH_NAME}:
                self._check_companion(reply)

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, SnmpValue]:
        """Get the values of `oids`; those without a value are absent. Raises ReadingError and its kinds."""
        return await self._get_values([name for name in oids if name not in self._missing], self._missing)

    async def _get_values(self, names: Sequence[bytes], missing: set[bytes]) -> dict[bytes, SnmpValue]:
        size, refused = self._strategy.varbinds, ""
        todo = [names[at : at + size] for at in range(0, len(names), size)]
        found: dict[bytes, SnmpValue] = {}
        while todo:
            batch = todo.pop(0)
            added = self._companions_for(batch)
            reply = await self._send_request(RequestType.GET, [*batch, *added])
            if added and self._refuses_companions(reply, len(batch)):
                todo.insert(0, batch)
                continue
            if reply.error_status == NO_ERROR:
                self._check_companion(reply)
                found.update(extract_values(reply, batch))
                continue
            rest = self._after_error(batch, reply)
            if reply.error_status == NO_SUCH_NAME:
                missing.update(set(batch).difference(*rest))
            elif sum(map(len, rest)) < len(batch):
                refused = _format_status(reply.error_status)
            todo = rest + todo
        if refused and not found:
            raise RefusedByDevice(str(self._address), f"the printer answered {refused} to every question")
        return found

    def _after_error(self, batch: Sequence[bytes], reply: SnmpReply) -> list[Sequence[bytes]]:
        """Split `batch` after an error into the requests that are still worth sending."""
        self._check_access(reply)
        if reply.error_status == TOO_BIG:
            self._strategy = self._strategy.reduce_names(len(batch)) or self._strategy
        elif 0 < reply.error_index <= len(batch):
            rest = [*batch[: reply.error_index - 1], *batch[reply.error_index :]]
            return [rest] if rest else []
        return split_names(batch) if len(batch) > 1 else []

    def _companions_for(self, batch: Sequence[bytes]) -> list[bytes]:
        """List the companions to add to a GET of `batch`."""
        self._proven = self._companion is None or self._strategy.companions
        if self._companion is None or not self._strategy.companions:
            return []
        return [name for name in self._companion.names if name not in batch]

    def _refuses_companions(self, reply: SnmpReply, names: int) -> bool:
        """Check an error reply: does it point behind the `names`, or is the request too big with companions?

        An SNMPv1 printer without the object is another printer than the one that has it.
        """
        if reply.error_status == NO_SUCH_NAME and reply.error_index > names:
            self._check_companion(reply)
        refused = reply.error_status == TOO_BIG or reply.error_index > names
        if refused:
            self._strategy = replace(self._strategy, companions=False)
        return refused

    def _check_companion(self, reply: SnmpReply, count: int | None = None) -> None:
        """Let the companion check its values among the first `count` of a reply, or among all."""
        if self._companion and self._proven:
            answered = reply.varbinds[:count] if reply.error_status == NO_ERROR else ()
            names = self._companion.names
            self._companion.check_values({name: value for name, value in answered if name in names})

    async def walk(self, *roots: bytes) -> list[VarBind]:
        """Walk everything below `roots`, root by root. Raises ReadingError and its kinds.

        A table that had to be given up is an error, never a shorter table: rows that were not read must not
        look like rows that do not exist.
        """
        walk = TableWalk(roots, self._limits)
        expected = max((self._rows.get(root, MAX_REPETITIONS) for root in roots), default=MAX_REPETITIONS)
        self._strategy = replace(self._strategy, rows=min(MAX_REPETITIONS, expected + 1))
        before = self._exchange.waited
        while columns := walk.open_columns(self._strategy.varbinds):
            if self._strategy.read_mode is ReadMode.GET:
                await self._guess_rows(columns[0])
            else:
                await self._step_walk(walk, columns, before)
        self._rows.update({column.root: len(column.rows) for column in walk.columns})
        rows = walk.all_rows()
        refused = [format_oid(column.root) for column in walk.columns if column.refused]
        if refused and not rows:
            raise RefusedByDevice(str(self._address), f"the printer would not let {refused[0]} be walked")
        return rows

    async def _step_walk(self, walk: TableWalk, columns: Sequence[WalkColumn], before: float) -> None:
        """Send one GETBULK or GETNEXT for `columns`."""
        bulk = self._strategy.read_mode is ReadMode.BULK
        trial = bulk and self._awake and not self._bulk_works
        added = self._companions_for(()) if self._strategy.version != "1" else []
        self._proven = self._companion is None or bool(added)
        names = [*map(name_before, added), *(column.last for column in columns)]
        try:
            reply = await self._send_request(
                RequestType.BULK if bulk else RequestType.NEXT, names, brief=trial, companions=len(added)
            )
        except (NoAnswer, MalformedReply) as why:
            if not (trial if isinstance(why, NoAnswer) else bulk):
                raise
            self._strategy = self._strategy.step_down() or self._strategy
            return
        if problem := walk.count_answer(reply.size, self._exchange.waited - before):
            raise RefusedByDevice(str(self._address), problem)
        rows = (
            skip_companions(reply.varbinds, len(added), len(columns), columns[0].last)
            if added
            else reply.varbinds
        )
        if reply.error_status != NO_ERROR:
            self._after_walk_error(columns, reply, len(added))
        elif rows is None:
            self._strategy = replace(self._strategy, companions=False)
        elif self._take_rows(walk, columns, reply, rows):
            self._bulk_works = self._bulk_works or bulk
        else:
            self._strategy = self._strategy.step_down() or self._strategy

    def _take_rows(
        self, walk: TableWalk, columns: Sequence[WalkColumn], reply: SnmpReply, rows: Sequence[VarBind]
    ) -> bool:
        """Check the companion, then sort the rows into the columns; False if they lead nowhere."""
        if len(rows) < len(reply.varbinds):
            self._check_companion(reply, len(reply.varbinds) - len(rows))
        return walk.add_answer(columns, rows)

    def _after_walk_error(self, columns: Sequence[WalkColumn], reply: SnmpReply, added: int) -> None:
        """Request less, end the column that has ended (noSuchName in SNMPv1), or give it up."""
        self._check_access(reply)
        status, index = reply.error_status, reply.error_index - added
        if reply.error_index and index <= 0:
            self._strategy = replace(self._strategy, companions=False)
            return
        culprit = columns[index - 1] if 0 < index <= len(columns) else None
        if len(columns) == 1:
            culprit = columns[0]
        if status == TOO_BIG and (smaller := self._strategy.reduce_request(len(columns))):
            self._strategy = smaller
        elif status not in {NO_SUCH_NAME, TOO_BIG} and self._strategy.read_mode is ReadMode.BULK:
            self._strategy = self._strategy.step_down() or self._strategy
        elif culprit is not None:
            culprit.open, culprit.refused = False, status != NO_SUCH_NAME
        else:
            self._strategy = self._strategy.reduce_names(len(columns)) or self._strategy

    async def _guess_rows(self, column: WalkColumn) -> None:
        """Read a column that cannot be walked by GET: its scalar, and rows 1, 2, 3 … of each device with rows
        so far, and of the first device."""
        found = {**dict(column.rows), **await self._get_values([column.root + b"\x00"], set())}
        seen = (decode_arcs(name[len(column.root) :])[:-1] for name, _ in column.rows)
        for prefix in dict.fromkeys((*seen, (1,), ())):
            for first in range(1, MAX_GUESSED, GUESS_BATCH):
                rows = range(first, first + GUESS_BATCH)
                got = await self._get_values([column.root + encode_arcs(*prefix, row) for row in rows], set())
                found.update(got)
                if not got:
                    break
        column.rows = sorted(found.items(), key=lambda row: decode_arcs(row[0]))
        column.open, column.refused = False, not found

    async def _send_request(
        self, ask: RequestType, names: Sequence[bytes], *, brief: bool = False, companions: int = 0
    ) -> SnmpReply:
        """Send a request, and note that the printer is awake, its SNMP version and SNMPv3 context."""

        def send(strategy: RequestStrategy, again: bool) -> Awaitable[SnmpReply]:
            return self._exchange.send_request(
                ask, names, strategy, brief=brief or again, companions=companions
            )

        if self._context_known:
            reply = await send(self._strategy, False)
        else:
            self._context_known = True
            reply, self._strategy = await search_context(
                send, self._exchange.list_contexts, self._strategy, first_time=self._first_time
            )
        if self._strategy.version is None and reply.version == 0:
            reply = await self._retry_in_v2c(ask, names, companions) or reply
        self._awake = True
        version = VERSION_NAMES[reply.version]
        if version != self._strategy.version:
            self._strategy = self._strategy.with_version(version)
        return reply

    async def _retry_in_v2c(
        self, ask: RequestType, names: Sequence[bytes], companions: int
    ) -> SnmpReply | None:
        """Send the request in v2c alone: a printer that just woke up may have answered both, v1 first."""
        try:
            return await self._exchange.send_request(
                ask, names, replace(self._strategy, version="2c"), brief=True, companions=companions
            )
        except ReadingError:
            return None

    def _check_access(self, reply: SnmpReply) -> None:
        if reply.error_status == AUTHORIZATION_ERROR:
            raise WrongCredential(str(self._address), "the printer answered authorizationError")


def extract_values(reply: SnmpReply, asked: Sequence[bytes]) -> dict[bytes, SnmpValue]:
    """Extract the values of the names in `asked` from a reply, without the missing ones."""
    return {
        name: value
        for name, value in reply.varbinds
        if value is not None and not isinstance(value, MissingValue) and name in asked
    }


def _format_status(status: int) -> str:
    return f"{ERROR_NAMES[status]} ({status})" if 0 <= status < len(ERROR_NAMES) else f"error-status {status}"
