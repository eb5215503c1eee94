"""Many notices at once, and one text for what became of them.

Each channel is served in a thread of its own that dies with the process: a webhook that never answers delays nobody
beyond ``deadline_seconds`` and cannot hold up a stop.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from spanglass_store.alerting.channels import masked
from spanglass_store.alerting.send import SENT, Notice, send

NO_ANSWER: Final = "no answer in time"
_POLL_SECONDS: Final = 0.1


def send_all(letters: Sequence[tuple[str, Notice]], *, deadline_seconds: float, stop: threading.Event) -> list[str]:
    """What became of each (channel, notice), in order: ``sent``, or in a few words why not.

    Returns within ``deadline_seconds``, or at once when ``stop`` is set; what had no answer by then may still arrive.
    """
    answers: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()

    def serve(index: int, channel: str, notice: Notice) -> None:
        answers.put((index, send(channel, notice)))

    for index, (channel, notice) in enumerate(letters):
        threading.Thread(target=serve, args=(index, channel, notice), name="notice", daemon=True).start()
    outcomes = [NO_ANSWER] * len(letters)
    deadline, waiting = time.monotonic() + deadline_seconds, len(letters)
    while waiting and time.monotonic() < deadline and not stop.is_set():
        try:
            index, outcome = answers.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        outcomes[index] = outcome
        waiting -= 1
    return outcomes


def outcome_text(outcomes: Mapping[str, str]) -> str:
    """What the ``notified`` column keeps of channel -> outcome: ``sent``, ``no channel``, ``failed: …``, no secrets."""
    if not outcomes:
        return "no channel"
    failures = sorted({f"{masked(channel)} {outcome}" for channel, outcome in outcomes.items() if outcome != SENT})
    return f"failed: {', '.join(failures)}" if failures else SENT
