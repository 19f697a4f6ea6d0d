"""Reads one printer through either engine: splits requests, handles errors, remembers what works.

An `Exchange` carries one request and its response. The rules of RFC 3416 about responses, and the ways
in which firmware breaks them, are handled here, once for SNMPv1, v2c and v3.

    tooBig         ask for less, and remember how much less
    noSuchName     SNMPv1 fails the whole request for one name: leave it out, remember it, ask again
    genErr …       leave out the name that error-index points at; without one, split
    no progress    GETBULK -> GETNEXT -> GET, and remember the step; so do replies to GETBULK that break off
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from agent.core.errors import MalformedReply, NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.core.model import Address
from agent.snmp.codec import AUTHORIZATION_ERROR, NO_ERROR, NO_SUCH_NAME, TOO_BIG, RequestType, SnmpReply
from agent.snmp.oid import decode_arcs, encode_arcs, format_oid
from agent.snmp.reader import MissingValue, SnmpValue, VarBind
from agent.snmp.request_strategy import ReadMode, RequestStrategy, split_names
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
        self, ask: RequestType, names: Sequence[bytes], strategy: RequestStrategy, *, brief: bool = False
    ) -> SnmpReply:
        """Send one request, repeated until answered. `brief`: with fewer repeats, as the printer is awake.

        Raises NoAnswer, MalformedReply or WrongCredential."""


class DeviceReader:
    """An `SnmpReader`. `missing` are the names that an SNMPv1 printer answered noSuchName to."""

    def __init__(
        self,
        address: Address,
        exchange: Exchange,
        strategy: RequestStrategy,
        limits: WalkLimits,
        missing: set[bytes],
    ) -> None:
        self._address = address
        self._exchange = exchange
        self._strategy = strategy
        self._limits = limits
        self._missing = missing
        self._awake = False
        self._bulk_works = False

    @property
    def address(self) -> Address:
        return self._address

    @property
    def learned(self) -> str:
        """The strategy to pass to `SnmpClient.create_reader` next time."""
        return str(self._strategy)

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, SnmpValue]:
        """Get the values of `oids`; those without a value are absent. Raises ReadingError and its kinds."""
        return await self._get_values([name for name in oids if name not in self._missing], self._missing)

    async def _get_values(self, names: Sequence[bytes], missing: set[bytes]) -> dict[bytes, SnmpValue]:
        size, refused = self._strategy.varbinds, ""
        todo = [names[at : at + size] for at in range(0, len(names), size)]
        found: dict[bytes, SnmpValue] = {}
        while todo:
            batch = todo.pop(0)
            reply = await self._send_request(RequestType.GET, batch)
            if reply.error_status == NO_ERROR:
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

    async def walk(self, *roots: bytes) -> list[VarBind]:
        """Walk everything below `roots`, root by root. Raises ReadingError and its kinds.

        A table that had to be given up is an error, never a shorter table: rows that were not read must not
        look like rows that do not exist.
        """
        walk = TableWalk(roots, self._limits)
        before = self._exchange.waited
        while columns := walk.open_columns(self._strategy.varbinds):
            if self._strategy.read_mode is ReadMode.GET:
                await self._guess_rows(columns[0])
            else:
                await self._step_walk(walk, columns, before)
        rows = walk.all_rows()
        refused = [format_oid(column.root) for column in walk.columns if column.refused]
        if refused and not rows:
            raise RefusedByDevice(str(self._address), f"the printer would not let {refused[0]} be walked")
        return rows

    async def _step_walk(self, walk: TableWalk, columns: Sequence[WalkColumn], before: float) -> None:
        """Send one GETBULK or GETNEXT for `columns`."""
        bulk = self._strategy.read_mode is ReadMode.BULK
        trial = bulk and self._awake and not self._bulk_works
        names = [column.last for column in columns]
        try:
            reply = await self._send_request(
                RequestType.BULK if bulk else RequestType.NEXT, names, brief=trial
            )
        except (NoAnswer, MalformedReply) as why:
            if not (trial if isinstance(why, NoAnswer) else bulk):
                raise
            self._strategy = self._strategy.step_down() or self._strategy
            return
        if problem := walk.count_answer(reply.size, self._exchange.waited - before):
            raise RefusedByDevice(str(self._address), problem)
        if reply.error_status != NO_ERROR:
            self._after_walk_error(columns, reply)
        elif walk.add_answer(columns, reply.varbinds):
            self._bulk_works = self._bulk_works or bulk
        else:
            self._strategy = self._strategy.step_down() or self._strategy

    def _after_walk_error(self, columns: Sequence[WalkColumn], reply: SnmpReply) -> None:
        """Request less, end the column that has ended (noSuchName in SNMPv1), or give it up."""
        self._check_access(reply)
        status, index = reply.error_status, reply.error_index
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
        self, ask: RequestType, names: Sequence[bytes], *, brief: bool = False
    ) -> SnmpReply:
        """Send a request, and note that the printer is awake and its SNMP version."""
        reply = await self._exchange.send_request(ask, names, self._strategy, brief=brief)
        if self._strategy.version is None and reply.version == 0:
            reply = await self._retry_in_v2c(ask, names) or reply
        self._awake = True
        version = VERSION_NAMES[reply.version]
        if version != self._strategy.version:
            self._strategy = self._strategy.with_version(version)
        return reply

    async def _retry_in_v2c(self, ask: RequestType, names: Sequence[bytes]) -> SnmpReply | None:
        """Send the request in v2c alone: a printer that just woke up may have answered both, v1 first."""
        try:
            return await self._exchange.send_request(
                ask, names, replace(self._strategy, version="2c"), brief=True
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
