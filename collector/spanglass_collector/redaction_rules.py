r"""The file of redaction rules: what it may say, and what is wrong with it, in sentences.

::

    [[rules]]
    name = "people"                                # in messages about it
    projects = ["shop", "support-*"]               # left out: every project
    patterns = ["email", '(?P<order>A-\d{6})']     # names of docs/reference/masking.md, or expressions
    paths = ["*.password", "messages.*.content"]   # keys whose values go, also inside JSON
    presidio = ["PERSON", "LOCATION"]              # what Presidio is to find; it must be installed
    language = "en"                                # of Presidio

``hash_key = "…"`` at the top makes marks carry a keyed hash, so that equal values can be told.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spanglass.mask import Mask
from spanglass.mask_paths import Paths
from spanglass.mask_patterns import BUILT_IN, Pattern, named
from spanglass_collector.errors import RulesRefused
from spanglass_collector.redaction_engines import Failed, by_presidio, by_regex


class Rule(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    projects: tuple[str, ...] = ("*",)
    patterns: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    presidio: tuple[str, ...] = ()
    language: str = "en"

    def holds_for(self, project: str) -> bool:
        """Whether the rule is meant for this project."""
        return any(fnmatchcase(project, wanted) for wanted in self.projects)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hash_key: str = ""
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a file, checked and compiled."""

    rules: tuple[Rule, ...]
    hash_key: str
    patterns: dict[str, tuple[Pattern, ...]]
    """Name of a rule to what it looks for."""

    def mask_of(self, project: str) -> Mask | None:
        """What the rules for a project do together; None where there are none."""
        rules = [rule for rule in self.rules if rule.holds_for(project)]
        patterns = {(each.label, each.regex): each for rule in rules for each in self.patterns[rule.name]}
        paths = tuple(dict.fromkeys(path for rule in rules for path in rule.paths))
        if not patterns and not paths:
            return None
        return Mask(list(patterns.values()), Paths(paths) if paths else None, None, self.hash_key.encode())


def read_rules(path: Path, failed: Failed) -> RuleSet:
    """The rules of a file; ``failed`` is told the name of a rule each time it fails on a text.

    Raises RulesRefused with a sentence that names the file, the rule and what is wrong.
    """
    try:
        file = _File.model_validate(tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesRefused(path, str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RulesRefused(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    names = [rule.name for rule in file.rules]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RulesRefused(path, f"two rules are named {min(twice)!r}")
    patterns: dict[str, tuple[Pattern, ...]] = {}
    for rule in file.rules:
        try:
            patterns[rule.name] = _patterns_of(rule, failed)
        except ValueError as error:
            raise RulesRefused(path, f"rule {rule.name!r}: {error}") from error
    return RuleSet(file.rules, file.hash_key, patterns)


def _patterns_of(rule: Rule, failed: Failed) -> tuple[Pattern, ...]:
    """What a rule looks for. Raises ValueError with a sentence."""
    if not (rule.patterns or rule.paths or rule.presidio):
        msg = "it has no patterns, no paths and no presidio, so it does nothing"
        raise ValueError(msg)
    if rule.paths:
        Paths(rule.paths)  # an error is told at once, and not with the first span
    found = [_with_deadline(named(source), rule.name, failed) for source in rule.patterns]
    return (*found, *by_presidio(rule.presidio, rule.language, rule.name, failed))


def _with_deadline(pattern: Pattern, rule: str, failed: Failed) -> Pattern:
    """The built-in ones cost no more than the length of a text; what people write is given a time."""
    if pattern.label in BUILT_IN and BUILT_IN[pattern.label] is pattern:
        return pattern
    engine: Any = by_regex(pattern.regex.pattern, rule, failed)
    return replace(pattern, regex=engine)
