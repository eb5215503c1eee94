"""Regular expressions of the application, checked before they are let loose on its texts. Pure."""

from __future__ import annotations

import importlib
import re
from typing import Any, Final

_PARSER: Final[Any] = importlib.import_module("re._parser")  # of the standard library; it has no public name
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
_LOOPS: Final = frozenset({*_REPEATS, "POSSESSIVE_REPEAT"})


def compiled(source: str) -> re.Pattern[str]:
    """The expression, ready for use. ``ValueError`` with a sentence when it is none, or one that may never end.

    ``(a+)+`` tries every way to divide a text into pieces: forty letters that almost match keep it busy for years, and
    while it tries no other thread of the process runs. Python cannot interrupt it, so it is refused from the start.
    Told apart by its form: a repetition of what may be nothing but a repetition.
    """
    try:
        expression = re.compile(source)
        parsed = _PARSER.parse(source)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"{source!r} is no regular expression: {error}"
        raise ValueError(message) from error
    if _runs_away(parsed):
        message = (
            f"{source!r} repeats a repetition, as in (a+)+; on a text that almost matches it would not come to an end"
        )
        raise ValueError(message)
    return expression


def _runs_away(parsed: Any) -> bool:
    return any(
        (_is_endless(step) and _is_one_repetition(step[1][2])) or any(map(_runs_away, _inner(step))) for step in parsed
    )


def _is_one_repetition(parsed: Any) -> bool:
    """Whether some way through it is one endless repetition, and all beside it may be empty."""
    for step in parsed:
        rest = [other for other in parsed if other is not step]
        if _PARSER.SubPattern(parsed.state, rest).getwidth()[0] == 0 and (
            _is_endless(step) or (str(step[0]) not in _LOOPS and any(map(_is_one_repetition, _inner(step))))
        ):
            return True
    return False


def _is_endless(step: Any) -> bool:
    return str(step[0]) in _REPEATS and str(step[1][1]) == "MAXREPEAT"


def _inner(step: Any) -> list[Any]:
    """The expressions inside of one step of an expression; of an atomic group none: it is tried in one way only."""
    operation, argument = str(step[0]), step[1]
    if operation in _LOOPS:
        return [argument[2]]
    if operation == "SUBPATTERN":
        return [argument[3]]
    if operation == "BRANCH":
        return list(argument[1])
    if operation in {"ASSERT", "ASSERT_NOT"}:
        return [argument[1]]
    return []
