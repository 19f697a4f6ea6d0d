"""Which rules are in force: one fingerprint for all of them, and the version of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesInForce:
    """The stamp of a rule set, as heartbeats, tickets and `status` name it.

    Two sites with the same hash have the same rules, whatever the comments in their files.
    """

    hash: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)  # of each rule, by id
    own: Mapping[str, bool] = field(default_factory=dict)  # rules that are not the shipped ones -> in shadow


NO_RULES = RulesInForce()


def load_no_rules() -> RulesInForce:
    """Load nothing: for senders without rules."""
    return NO_RULES
