"""A collector in trouble: how long it is left in peace, and what the log says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spanglass.export.transport import Answer, Verdict
from spanglass.guard import warn_once

if TYPE_CHECKING:
    from spanglass.settings import Settings

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0


def pause_seconds(failures: int, told_seconds: float | None, chance: float) -> float:
    """How long to wait after so many failures in a row: twice as long each time, give or take half (``chance`` in 0–1).

    A server that says how long is believed, up to a minute.
    """
    longest = _LONGEST_PAUSE_SECONDS if told_seconds is None else 2 * _LONGEST_PAUSE_SECONDS
    pause: float = min(_FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10), longest) * (0.5 + chance)
    return pause if told_seconds is None else min(max(pause, told_seconds), longest)


_WORDS: Final = {
    401: "it wants a key: set SPANGLASS_API_KEY",
    403: "the key may not do this",
    404: "there is no collector at this address: set SPANGLASS_ENDPOINT",
}


def say(answer: Answer, settings: Settings) -> None:
    """What it answers and what becomes of what is recorded; once for each sort of trouble."""
    what = _WORDS.get(answer.status) or answer.reason or "no words"
    if answer.verdict is Verdict.LATER:
        key, then = f"later {what if answer.status in _WORDS else ''}", "what is recorded waits and is sent later"
    else:
        key, then = f"refused {answer.status}", "what it refuses is dropped"
    status = f"answers {answer.status}" if answer.status else "does not answer"
    warn_once(key, "spanglass: the collector at %s %s (%s); %s", settings.base_url, status, what, then)
