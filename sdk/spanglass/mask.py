"""What must not leave the process, blotted out of attributes on their way to the collector.

Runs on the exporter's thread, on spans of the SDK and of every other library alike. An attribute is either *exempt*
(ids, names of models and tools, figures: ``mask_exempt``), and then no pattern and no hook sees it and only a path that
spells its name out changes it; or it is content, and then the hook is asked first, and paths and patterns hold for what
it answers. It fails closed: when anything goes wrong, all that is not exempt is left out.
"""

from __future__ import annotations

import hmac
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from spanglass import semconv
from spanglass.capture import snapshot, text
from spanglass.guard import warn_once
from spanglass.mask_exempt import is_exempt
from spanglass.mask_paths import Paths
from spanglass.mask_patterns import Pattern, named

Hook = Callable[[str, Any], object]
"""Name of an attribute and its value -> the value to send. JSON text comes as the objects it holds, anything else as
it is; what comes back may be either, and ``None`` leaves the attribute out."""

_MESSAGE: Final = "exception.message"
_JSON: Final = re.compile(r"\s*[\[{]").match


class MaskFailed(Exception):
    """The hook answered something that cannot be sent."""


def from_settings(patterns: Sequence[str], paths: Sequence[str], hook: Hook | None, hash_key: str = "") -> Mask | None:
    """The mask of these rules, ``None`` when there are none. ``ValueError`` with a sentence for a rule that is none.

    ``patterns``: names of built-in ones (``mask_patterns.BUILT_IN``) or regular expressions. ``paths``: see
    ``mask_paths``. With ``hash_key`` a mark carries the first 8 digits of the HMAC-SHA256 of what it stands for, so
    that equal values can be told to be equal.
    """
    given: object = hook
    if given is not None and not callable(given):
        message = f"the masking hook must be a function of name and value, not {hook!r}"
        raise ValueError(message)
    if not patterns and not paths and hook is None:
        return None
    return Mask([named(pattern) for pattern in patterns], Paths(paths) if paths else None, hook, hash_key.encode())


class Mask:
    """Rules, ready for use. Safe between threads as far as the hook is."""

    __slots__ = ("_hook", "_key", "_paths", "_rules")

    def __init__(self, patterns: Sequence[Pattern], paths: Paths | None, hook: Hook | None, key: bytes = b"") -> None:
        self._rules = [(each.needs, each.regex.sub, self._blot(each)) for each in patterns]
        self._paths = paths
        self._hook = hook
        self._key = key

    def attributes(self, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """A masked copy, and whether masking failed; then the copy holds what is exempt and says what it lacks.

        Never raises. JSON texts stay JSON texts, lists lists; a text in which nothing was found stays as it is, to the
        letter.
        """
        try:
            return dict(self._masked(attributes)), False
        except Exception as error:  # noqa: BLE001  whatever went wrong, in the hook or in here
            _tell(error)
        kept = {name: value for name, value in attributes.items() if is_exempt(name, value)}
        return {**kept, semconv.CONTENT_DROPPED: True}, True

    def text(self, text: str) -> str:
        """The same for what has no name, such as the description of a status; empty when masking failed.

        Paths and the hook meet it as ``exception.message``, whose text it repeats.
        """
        return str(self.attributes({_MESSAGE: text})[0].get(_MESSAGE, ""))

    def name(self, name: str) -> str:
        """The same for the name of a span or an event. Patterns alone: it has no path, and the hook is for attributes."""
        return self._scrub(name)

    def _masked(self, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in attributes.items():
            if is_exempt(name, value):
                spelled_out = self._paths is not None and self._paths.spell_out(name)
                yield name, self._mark("", value) if spelled_out else value
                continue
            answered = value if self._hook is None else _sendable(self._hook(name, _opened(value)), value)
            if answered is not None:
                yield name, self._walk(name, answered)

    def _walk(self, path: str, value: Any) -> Any:
        """``value``, which stands at ``path``, without what the rules find; equal to it when they find nothing."""
        if self._paths is not None and self._paths.found(path):
            return self._mark("", value)
        return self._inside(path, value)

    def _inside(self, path: str, value: Any) -> Any:
        match value:
            case str():
                return self._text(path, value)
            case Mapping():
                return {self._scrub(str(key)): self._walk(f"{path}.{key}", item) for key, item in value.items()}
            case list() | tuple():
                return type(value)([self._walk(f"{path}.{place}", item) for place, item in enumerate(value)])
            case bytes():
                return self._scrub(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            case int() if not isinstance(value, bool):  # a card number may be written as a number
                scrubbed = self._scrub(str(value))
                return value if scrubbed == str(value) else scrubbed
            case _:
                return value

    def _text(self, path: str, value: str) -> str:
        if not _JSON(value):
            return self._scrub(value)
        parsed = _parsed(value)
        if parsed is not None:
            told = self._inside(path, parsed)
            return value if told == parsed else _json(told)
        if self._paths is not None and self._paths.may_be_in(value):  # cut off, or printed by Python: no way in
            return self._mark("", value)
        return self._scrub(value)

    def _scrub(self, said: str) -> str:
        for needs, substitute, blot in self._rules:
            if needs in said:
                said = substitute(blot, said)
        return said

    def _blot(self, pattern: Pattern) -> Callable[[re.Match[str]], str]:
        """What takes the place of a match of this pattern."""

        def blotted(match: re.Match[str]) -> str:
            found = match[0]
            end = pattern.check(found)
            return self._mark(pattern.label, found[:end]) + found[end:] if end else found

        return blotted

    def _mark(self, label: str, value: object) -> str:
        """``[masked:email]``, or ``[masked:email:1f3a9c2e]`` with a key."""
        parts = ["masked", label]
        if self._key:
            told = value if isinstance(value, str) else _json(value)
            parts.append(hmac.digest(self._key, told.encode("utf-8", "surrogatepass"), "sha256").hex()[:8])
        return f"[{':'.join(filter(None, parts))}]"


def _opened(value: Any) -> Any:
    """What a hook is given: it may change it in place, so it is never the span's own object."""
    if isinstance(value, str):
        parsed = _parsed(value) if _JSON(value) else None
        return value if parsed is None else parsed
    if isinstance(value, list | tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _sendable(answer: Any, before: object) -> Any:
    """What a hook answered, as an attribute has it: lists of text only where there was a list, objects as JSON text."""
    if isinstance(answer, bytes):
        return answer
    try:
        encoded = orjson.dumps(answer)
    except TypeError as error:
        message = f"the masking hook answered a {type(answer).__name__} that cannot be sent"
        raise MaskFailed(message) from error
    if answer is None or isinstance(answer, str | bool | int | float):
        return answer
    was_list = isinstance(before, list | tuple) and isinstance(answer, list | tuple)
    return answer if was_list and all(isinstance(item, str) for item in answer) else encoded.decode()


def _parsed(said: str) -> Any:
    """The list or object of a JSON text; ``None`` for what only looks like one."""
    try:
        return orjson.loads(said)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(said)  # knows NaN and what else Python writes
    except ValueError:
        return None


def _json(value: object) -> str:
    return text(snapshot(value, sys.maxsize))


def _tell(error: Exception) -> None:
    """Once for each sort of error where it came from, and not its message: that may be the content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown"
    kind = type(error).__name__
    warn_once(f"mask {kind}", "spanglass: masking failed with %s at %s; the span is sent without content", kind, place)
