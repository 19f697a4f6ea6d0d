"""The request strategy learned for one printer, as a value that can be stored.

    v2c  GETBULK 25 -> … -> GETBULK 1 -> GETNEXT -> GET
                                            ^
    v1   ------------------------------------

A step down is taken when the printer loops, repeats itself, stays silent or refuses on the step above,
and is remembered: no firmware bug is met twice. `str()` and `parse` are for the device's row in the
store: "2c bulk 25 20" reads version, read mode, max-repetitions, varbinds a request; "alone" follows where
companions are refused, "in:NAME" where the SNMPv3 context of the printer was found ("in:" the default one).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote

from agent.core.model import Credential

MAX_NAMES = 20  # in one request
MAX_REPETITIONS = 25
MAX_ANSWERS = 60  # varbinds x max-repetitions
_IN = "in:"  # comes before the context


class ReadMode(StrEnum):
    """The request by which tables are read."""

    BULK = "bulk"
    NEXT = "next"
    GET = "get"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStrategy:
    """The version, read mode and sizes of requests. `version` is None until an answer has shown it."""

    version: str | None = None
    read_mode: ReadMode = ReadMode.BULK
    repetitions: int = MAX_REPETITIONS
    varbinds: int = MAX_NAMES
    rows: int = MAX_REPETITIONS  # of the table that is walked: no more than that is asked for at once
    context: str | None = None  # of SNMPv3; None: not decided, the default one so far
    companions: bool = True  # False: the printer answers requests with companions wrongly (see `companions`)

    @classmethod
    def for_credential(cls, credential: Credential, learned: str | None = None) -> Self:
        """Choose the first strategy for `credential`: at the top, or as an earlier session left it."""
        strategy = cls.parse(learned) if learned else cls()
        if credential.version == "2c":
            return strategy if strategy.version in {None, "2c", "1"} else cls()
        if credential.version == "3" and credential.context:
            strategy = replace(strategy, context=credential.context)
        if credential.version == "1" and strategy.read_mode is ReadMode.BULK:
            strategy = replace(strategy, read_mode=ReadMode.NEXT)
        return replace(strategy, version=credential.version)

    @classmethod
    @lru_cache(maxsize=256)
    def parse(cls, text: str) -> Self:
        """Parse the output of `str`. Unreadable text gives the default strategy."""
        try:
            version, read_mode, repetitions, varbinds, *rest = text.split()
            contexts = [unquote(word[len(_IN) :]) for word in rest if word.startswith(_IN)]
            alone = [word for word in rest if not word.startswith(_IN)]
            if alone not in ([], ["alone"]) or len(contexts) > 1:
                return cls()
            return cls(
                version=None if version == "?" else version,
                read_mode=ReadMode(read_mode),
                repetitions=min(MAX_REPETITIONS, max(1, int(repetitions))),
                varbinds=min(MAX_NAMES, max(1, int(varbinds))),
                context=contexts[0] if contexts else None,
                companions=not alone,
            )
        except ValueError:
            return cls()

    def __str__(self) -> str:
        rest = "" if self.companions else " alone"
        if self.context is not None:
            rest += f" {_IN}{quote(self.context, safe='')}"
        return f"{self.version or '?'} {self.read_mode} {self.repetitions} {self.varbinds}{rest}"

    def versions_to_try(self) -> tuple[str, ...]:
        """List the versions that the printer may speak, to be tried in turn."""
        return ("2c", "1") if self.version is None else (self.version,)

    def with_version(self, version: str) -> Self:
        """Note that an answer came in `version`. There is no GETBULK in SNMPv1 (RFC 1157)."""
        read_mode = ReadMode.NEXT if version == "1" and self.read_mode is ReadMode.BULK else self.read_mode
        return replace(self, version=version, read_mode=read_mode)

    def repetitions_for(self, columns: int) -> int:
        """Choose max-repetitions for `columns` names in one GETBULK."""
        most = MAX_ANSWERS // columns or 1
        return min(self.repetitions, self.rows, most)

    def reduce_request(self, columns: int) -> Self | None:
        """Reduce the request after tooBig, with `columns` names in it; None: it cannot be smaller."""
        if self.read_mode is ReadMode.BULK and self.repetitions_for(columns) > 1:
            return replace(self, repetitions=self.repetitions_for(columns) // 2)
        return self.reduce_names(columns)

    def reduce_names(self, names: int) -> Self | None:
        """Halve the number of names a request, after `names` were too many; None: it was one already."""
        return replace(self, varbinds=(names + 1) // 2) if names > 1 else None

    def step_down(self) -> Self | None:
        """Step down to the next read mode; None below GET."""
        below = {ReadMode.BULK: ReadMode.NEXT, ReadMode.NEXT: ReadMode.GET}.get(self.read_mode)
        return replace(self, read_mode=below) if below else None


def split_names(names: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Split two or more names in two parts."""
    middle = (len(names) + 1) // 2
    return [names[:middle], names[middle:]]
