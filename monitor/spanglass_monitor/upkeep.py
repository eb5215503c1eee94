"""Once an hour: stored rows are brought to what was decided about them while they were on their way.

Rows that arrive after their project's retention was changed get its days; rows that arrive after they were deleted go.
Scores get a copy of what answered in their trace, once its spans have had time to arrive. Roll-ups by a name of which
there turn out to be very many are given up, those that the last spans of a day lack are made.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from spanglass_monitor.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.erasure import erase_again
from spanglass_store.errors import StoreError
from spanglass_store.queries.answers import SETTLE_SECONDS
from spanglass_store.roll_ups import give_up_wide, make_lacking
from spanglass_store.score_answers import copy_answers
from spanglass_store.upkeep import adjust

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 3600.0


def _adjust(store: Store) -> str:
    return f"{changed} rows got the retention of their project" if (changed := adjust(store)) else ""


def _erase(store: Store) -> str:
    return f"{gone} rows went that had been deleted before" if (gone := sum(erase_again(store).values())) else ""


def _copy(store: Store) -> str:
    copy_answers(store, until=int(time.time()) - SETTLE_SECONDS)
    return ""


def _give_up(store: Store) -> str:
    names = ", ".join(give_up_wide(store))
    return f"given up, of too many groups: {names}. What they sped up is read from the spans" if names else ""


def _make(store: Store) -> str:
    days = ", ".join(make_lacking(store))
    return f"roll-ups are made for what came last of these days: {days}" if days else ""


TASKS: Final[tuple[Callable[[Store], str], ...]] = (_adjust, _erase, _copy, _give_up, _make)
"""What is done, one after the other; each says what it has changed, if that is worth a line."""


def attend(settings: Settings, stop: threading.Event, *, every_seconds: float = EVERY_SECONDS) -> None:
    """Look after the rows now and every hour until ``stop`` is set. What fails is logged, and done the next time."""
    with Store.open(settings.clickhouse_url) as store:
        while not stop.is_set():
            for task in TASKS:
                _do(task, store)
            stop.wait(every_seconds)


def _do(task: Callable[[Store], str], store: Store) -> None:
    try:
        if said := task(store):
            log.info(said)
    except StoreError as error:
        log.warning("rows could not be looked after, trying again in an hour: %s", error)
    except Exception:  # the thread outlives a bug
        log.exception("looking after rows failed")
