"""What somebody typed into a search box, as conditions on spans. Pure.

Words are found as words, through the text indexes. What stands in quotes, and text of scripts that put no spaces
between words, is found as it stands, anywhere in the text. Both ignore the case of ASCII letters: ``lower`` on both
sides, never the index's own preprocessor, which gives other rows with the index than without it (docs/adr/004).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from spanglass_store.condition import Condition

TRACE_ID: Final = re.compile(r"[0-9a-fA-F]{32}")
_TERM: Final = re.compile(r'"([^"]*)"|(\S+)')
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    r"\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese, and Korean, whose words carry endings."""
_BETWEEN: Final = r"[\x00-/:-@\[-`{-\x7f]"  # what the text indexes part words by
_INNER_WORD: Final = re.compile(rf"(?<={_BETWEEN})[0-9A-Za-z\x80-\U0010ffff]+(?={_BETWEEN})")
_TEXTS: Final = ("input", "output")
_LIKE_SPECIAL: Final = re.compile(r"([\\%_])")

RECORD_MARGIN_NS: Final = 86_400 * 10**9
"""How far outside the window a log record may lie that tells of a span in it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """``whole``: the text without its quotes; ``words``: what is found word by word; ``substrings``: as they stand."""

    whole: str
    words: str
    substrings: tuple[str, ...]


def terms(text: str) -> Terms:
    """The parts of a search text."""
    words: list[str] = []
    substrings: list[str] = []
    parts = []
    for quoted, bare in _TERM.findall(text):
        part = quoted.strip() or bare.strip('"')
        if not part:
            continue
        parts.append(part)
        as_it_stands = quoted or _UNSPACED.search(part) or not re.search(r"[^\W_]", part)
        (substrings if as_it_stands else words).append(part)
    return Terms(" ".join(parts), " ".join(words), tuple(substrings))


def alternatives(text: str) -> tuple[Condition, ...]:
    """Conditions on spans, one or more of which hold for what is found; none for a text that searches nothing.

    A trace id if it looks like one. Else: all the words and substrings in the input, or all in the output, or the whole
    in the name; the user or the session of this id; the same texts in what log records tell of a span. Each has an index, where their
    disjunction would read whole columns. Bound besides: ``project``, ``start_ns``, ``end_ns``.
    """
    if TRACE_ID.fullmatch(text.strip()):
        return (Condition("trace_id = unhex({q:String})", (("q", text.strip()),)),)
    found = terms(text)
    if not found.whole:
        return ()
    said = _said(found)
    whole = ("q", found.whole)
    return (
        said,
        Condition("positionCaseInsensitive(name, {q:String}) > 0", (whole,)),
        Condition("user_id = {q:String}", (whole,)),
        Condition("session_id = {q:String}", (whole,)),
        Condition(
            "(trace_id, span_id) IN (SELECT trace_id, span_id FROM span_details WHERE project = {project:String} "
            f"AND start_time >= fromUnixTimestamp64Nano({{start_ns:Int64}} - {RECORD_MARGIN_NS}, 'UTC') "
            f"AND start_time < fromUnixTimestamp64Nano({{end_ns:Int64}} + {RECORD_MARGIN_NS}, 'UTC') AND {said.sql})",
            said.params,
        ),
    )


def _said(found: Terms) -> Condition:
    """All the terms in the input, or all in the output. A word in the midst of a substring is a word of the text too, which
    its index knows.
    """
    params: list[tuple[str, Any]] = []
    tests = []
    inner = (word for substring in found.substrings for word in _INNER_WORD.findall(substring))
    if words := " ".join(filter(None, (found.words, *inner))):
        tests.append("hasAllTokens(lower({0}), lower({{q_words:String}}))")
        params.append(("q_words", words))
    for number, substring in enumerate(found.substrings):
        tests.append(f"lower({{0}}) LIKE lower({{{{q_like_{number}:String}}}})")
        escaped = _LIKE_SPECIAL.sub(r"\\\1", substring)
        params.append((f"q_like_{number}", f"%{escaped}%"))
    every = " AND ".join(tests)
    said = " OR ".join(f"({every.format(column)})" for column in _TEXTS)
    if words and found.substrings:  # by the words alone most rows are out before a text is read
        known = " OR ".join(tests[0].format(column) for column in _TEXTS)
        said = f"({known}) AND ({said})"
    return Condition(f"({said})", tuple(params))
