"""Why a counter did not just count: the suspected reason of each border.

Reasons for a new epoch, in the order in which they are checked:

    SWAP     the network board is another one
    WRAP     it was near its end (HP counts to 16,777,215, Counter32 to 4,294,967,295) and began again
    GLITCH   it had fallen or jumped, and is back where it was
    NVRAM    it fell by ten pages at most: HP saves its counters every ten pages
    FELL     any other fall: a new engine or formatter board, a cleared memory, a number that is no count
    JUMPED   it rose faster than any printer prints, or by more than is usual while it was in doubt

Two more borders are of the printer and not of its counter, which goes on in its epoch (`PLACE_REASONS`):

    MOVED      the printer answers at another address
    DISPLACED  another printer answers at its address; it was exchanged, or has not been found again yet
"""

from enum import StrEnum


class EpochReason(StrEnum):
    """The suspected reason of an epoch."""

    FIRST = "first reading"
    SWAP = "another network board"
    WRAP = "wrapped"
    GLITCH = "back after a glitch"
    NVRAM = "fell by a few pages: power lost before they were saved"
    FELL = "fell: new board or cleared memory"
    JUMPED = "rose faster than it can print"
    MOVED = "the printer answers at another address"
    DISPLACED = "another printer answers at its address"


PLACE_REASONS = frozenset({EpochReason.MOVED, EpochReason.DISPLACED})
