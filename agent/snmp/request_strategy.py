"""What has been learned about how to ask one printer, as a value that can be stored.

    v2c  GETBULK 25 -> … -> GETBULK 1 -> GETNEXT -> GET
                                            ^
    v1   ------------------------------------

A step down is taken when the printer loops, repeats itself, stays silent or refuses on the rung
above, and is remembered: nobody walks the same firmware bug twice. `str()` and `parse` are for the
device's row in the store: "2c bulk 25 20" reads version, rung, max-repetitions, varbinds a request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Self

from agent.snmp.reader import Credential

MOST_VARBINDS = 20  # in one request
MOST_REPETITIONS = 25
MOST_ANSWERS = 60  # varbinds x max-repetitions


class Rung(StrEnum):
    """How a table is read."""

    BULK = "bulk"
    NEXT = "next"
    GET = "get"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How to ask. `version` is None until an answer has shown which one the printer speaks."""

    version: str | None = None
    rung: Rung = Rung.BULK
    repetitions: int = MOST_REPETITIONS
    varbinds: int = MOST_VARBINDS

    @classmethod
    def start(cls, credential: Credential, learned: str | None = None) -> Self:
        """Where to begin with `credential`: at the top, or where an earlier session came to stand."""
        ladder = cls.parse(learned) if learned else cls()
        if credential.version == "2c":
            return ladder if ladder.version in {None, "2c", "1"} else cls()
        if credential.version == "1" and ladder.rung is Rung.BULK:
            ladder = replace(ladder, rung=Rung.NEXT)
        return replace(ladder, version=credential.version)

    @classmethod
    @lru_cache(maxsize=256)
    def parse(cls, text: str) -> Self:
        """The inverse of `str`. Whatever cannot be read is as if nothing had been learned."""
        try:
            version, rung, repetitions, varbinds = text.split()
            return cls(
                version=None if version == "?" else version,
                rung=Rung(rung),
                repetitions=min(MOST_REPETITIONS, max(1, int(repetitions))),
                varbinds=min(MOST_VARBINDS, max(1, int(varbinds))),
            )
        except ValueError:
            return cls()

    def __str__(self) -> str:
        return f"{self.version or '?'} {self.rung} {self.repetitions} {self.varbinds}"

    def versions(self) -> tuple[str, ...]:
        """What the printer may speak, to be tried in turn."""
        return ("2c", "1") if self.version is None else (self.version,)

    def heard(self, version: str) -> Self:
        """An answer came in `version`. There is no GETBULK in SNMPv1 (RFC 1157)."""
        rung = Rung.NEXT if version == "1" and self.rung is Rung.BULK else self.rung
        return replace(self, version=version, rung=rung)

    def repetitions_for(self, columns: int) -> int:
        """max-repetitions for `columns` names in one GETBULK."""
        most = MOST_ANSWERS // columns or 1
        return min(self.repetitions, most)

    def smaller(self, columns: int) -> Self | None:
        """After tooBig, with `columns` names in the request; None: it cannot be asked in smaller pieces."""
        if self.rung is Rung.BULK and self.repetitions_for(columns) > 1:
            return replace(self, repetitions=self.repetitions_for(columns) // 2)
        return self.fewer(columns)

    def fewer(self, names: int) -> Self | None:
        """Half as many names a request as the `names` that were too many; None: it was one already."""
        return replace(self, varbinds=(names + 1) // 2) if names > 1 else None

    def lower(self) -> Self | None:
        """The next rung down; None below GET."""
        below = {Rung.BULK: Rung.NEXT, Rung.NEXT: Rung.GET}.get(self.rung)
        return replace(self, rung=below) if below else None


def halves(names: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Two or more names in two parts."""
    middle = (len(names) + 1) // 2
    return [names[:middle], names[middle:]]
