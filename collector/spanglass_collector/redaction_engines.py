"""What looks for the patterns of redaction rules, in bounded time: expressions that people write, and Presidio.

Both stand where ``re.Pattern`` stands in a mask: they have its ``sub``.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final, TypeAlias

import regex

from spanglass.mask_patterns import Pattern

Failed: TypeAlias = Callable[[str], None]
"""Told the name of a rule that failed on a text."""
Blot: TypeAlias = Callable[[Any], str]
"""A match to what takes its place."""

TEXT_SECONDS: Final = 0.25
"""One expression on one text."""
_until: ContextVar[float] = ContextVar("until")
_LEAST_SECONDS: Final = 1e-3


@contextmanager
def time_for(seconds: float) -> Iterator[None]:
    """All that is looked for in this block shares this time."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def _left_seconds() -> float:
    """For the next text. Raises TimeoutError when there is nothing left."""
    left = min(TEXT_SECONDS, _until.get(float("inf")) - time.monotonic())
    if left < _LEAST_SECONDS:
        raise TimeoutError
    return left


class _Engine:
    """Looks in a text, counts when it fails, and lets the failure through: then the content is dropped."""

    def __init__(self, rule: str, failed: Failed, look: Callable[[Blot, str, float], str]) -> None:
        self._rule = rule
        self._failed = failed
        self._look = look

    def sub(self, blot: Blot, text: str) -> str:
        """The text with each match replaced. Raises whatever goes wrong, TimeoutError among it."""
        try:
            return self._look(blot, text, _left_seconds())
        except Exception:
            self._failed(self._rule)
            raise


@cache
def _compiled(expression: str) -> Any:
    return regex.compile(expression)


def by_regex(expression: str, rule: str, failed: Failed) -> _Engine:
    """An expression with a deadline, which Python's own ``re`` cannot have. Raises ValueError for one that is none."""
    try:
        compiled = _compiled(expression)
    except regex.error as error:
        msg = f"{expression!r} is no regular expression: {error}"
        raise ValueError(msg) from error
    return _Engine(rule, failed, lambda blot, text, left: compiled.sub(blot, text, timeout=left, concurrent=True))


def by_presidio(entities: Sequence[str], language: str, rule: str, failed: Failed) -> Iterator[Pattern]:
    """Patterns that Microsoft Presidio finds (https://microsoft.github.io/presidio/), each by its name in lower case.

    Raises ValueError where it is asked for and not installed, or does not know what it is asked for.
    """
    if not entities:
        return
    analyzer = _analyzer()
    known = set(analyzer.get_supported_entities(language))
    if unknown := sorted(set(entities) - known):
        msg = f"Presidio does not know {unknown[0]!r} in the language {language!r}"
        raise ValueError(msg)
    for entity in entities:
        engine: Any = _Engine(rule, failed, _presidio_look(analyzer, entity, language))
        yield Pattern(entity.lower(), engine)


def _presidio_look(analyzer: Any, entity: str, language: str) -> Callable[[Blot, str, float], str]:
    def look(blot: Blot, text: str, _left: float) -> str:
        found = analyzer.analyze(text=text, entities=[entity], language=language)
        for each in sorted(found, key=lambda result: result.start, reverse=True):
            text = text[: each.start] + blot([text[each.start : each.end]]) + text[each.end :]
        return text

    return look


@cache
def _analyzer() -> Any:
    try:
        return importlib.import_module("presidio_analyzer").AnalyzerEngine()
    except ImportError as error:
        msg = (
            "it asks for Presidio, which is not installed: pip install presidio-analyzer, and a language model of spaCy"
        )
        raise ValueError(msg) from error
    except (OSError, SystemExit) as error:  # spaCy has no model, and nowhere to get one from
        msg = f"Presidio cannot start: {error}"
        raise ValueError(msg) from error
