"""Rules and signals by their names, as people type them."""

from collections.abc import Sequence
from pathlib import Path

from agent.core import toml
from agent.core.errors import Complaint, ConfigError
from agent.rules.compiler import DEFAULTS
from agent.rules.rule import Rule, RuleSet
from agent.rules.signals import load_signals


def find_rule(rules: RuleSet, name: str) -> Rule:
    """The rule with this id. Raises ConfigError."""
    if name not in rules.rules:
        raise ConfigError.for_file(
            "rules", f'there is no rule "{name}"', suggestion="see: printwarden rules list"
        )
    return rules.rules[name]


def rules_of_interest(rules: RuleSet, files: Sequence[Path] | None) -> list[Rule]:
    """All rules; where `files` were given, only those that are not shipped."""
    return [it for it in rules.rules.values() if not files or not _shipped(it.file)]


def advice_of_interest(rules: RuleSet, files: Sequence[Path] | None) -> list[Complaint]:
    """All advice; where `files` were given, only about those that are not shipped."""
    return [it for it in rules.advice if not files or not _shipped(it.file)]


def _shipped(file: str) -> bool:
    return file.startswith(str(DEFAULTS))


def unknown_signal(name: str) -> ConfigError:
    """What to say where `name` is no signal."""
    return ConfigError.for_file(
        "rules", f'there is no signal "{name}"', suggestion=toml.suggest_word(name, sorted(load_signals()))
    )
