"""``spanglass.instrument``: record every client and framework of the process that can be recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, NamedTuple

from spanglass.guard import LOG, guarded

Undo = Callable[[], object]

_ON: Final[dict[str, list[Undo]]] = {}  # by name: what has been turned on or is waited for


class Instrumented(NamedTuple):
    """What a call of ``instrument`` came to, by name of client or framework; as text the line that was said."""

    on: Mapping[str, str]  # who records it, now or from its import on
    missing: Mapping[str, str]  # found or asked for, but not on: what to do
    failed: Mapping[str, str]  # what went wrong

    def __str__(self) -> str:
        told = (("on", self.on), ("found but not on", self.missing), ("failed", self.failed))
        lists = [f"{word}: {', '.join(map(_shown, names.items()))}" for word, names in told if names]
        return f"spanglass: {'; '.join(lists) or 'found nothing to instrument'}"


def instrument(*names: str, exclude: Iterable[str] = ()) -> Instrumented:
    """Record all calls of these libraries, or of every known one that is installed; ``exclude`` names exceptions.

    Clients of model providers are recorded by ourselves, the ones made before included. Frameworks are recorded by the
    OpenInference or OpenTelemetry instrumentation that is installed for them. What the application has not imported
    yet is not imported for this, but recorded from its import on. May be called before ``init``, and again.

    What was turned on and what was not is said in one line, to the logger ``spanglass`` at level INFO, or on standard
    error as long as no logging is set up. Nothing is ever raised.
    """
    told = Instrumented({}, {}, {})
    with guarded("instrument"):
        told = _instrument(names, (exclude,) if isinstance(exclude, str) else exclude)
        if LOG.hasHandlers():
            LOG.info("%s", told)
        else:
            sys.stderr.write(f"{told}\n")
    return told


def uninstrument() -> None:
    """Undo every ``instrument``; for tests. Clients given to ``wrap`` stay recorded."""
    from spanglass import nesting  # noqa: PLC0415  wanted only after `instrument`

    nesting.SCOPES.clear()
    while _ON:
        for undo in _ON.popitem()[1]:
            with guarded("uninstrument"):
                undo()


def _instrument(names: Iterable[str], exclude: Iterable[str]) -> Instrumented:
    # Looking through what is installed takes modules that `import spanglass` does without.
    from spanglass.after_import import after_import  # noqa: PLC0415
    from spanglass.recordable import known_name, recordables  # noqa: PLC0415

    wanted, unwanted = set(map(known_name, names)), set(map(known_name, exclude))
    on: dict[str, str] = {}
    missing: dict[str, str] = {}
    failed: dict[str, str] = {}
    for each in recordables():
        if each.name in unwanted or (wanted and each.name not in wanted):
            continue
        if each.turn_on is None:
            missing[each.name] = each.told
            continue
        try:
            if each.name not in _ON:
                undo: list[Undo] = []
                undo.append(after_import(each.module, partial(_turn_on, each.turn_on, undo)))
                _ON[each.name] = undo
            on[each.name] = each.told
        except Exception as error:  # noqa: BLE001  one that is broken does not keep the others off
            failed[each.name] = f"{type(error).__name__}: {error}"
    missing |= dict.fromkeys(sorted(wanted - unwanted - {*on, *missing, *failed}), "not installed, or not known")
    return Instrumented(on, missing, failed)


def _turn_on(act: Callable[[], Undo | None], undo: list[Undo]) -> None:
    if (undone := act()) is not None:
        undo.append(undone)


def _shown(told: tuple[str, str]) -> str:
    name, words = told
    note = words.removeprefix("spanglass").removeprefix("; ")
    return f"{name} ({note})" if note else name
