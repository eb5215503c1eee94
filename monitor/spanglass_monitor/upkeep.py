"""Once an hour: stored rows are brought to what was decided about them while they were on their way.

Rows that arrive after their project's retention was changed get its days; rows that arrive after they were deleted go.
Scores get a copy of what answered in their trace, once its spans have had time to arrive.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from spanglass_monitor.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError
from spanglass_store.queries.answers import SETTLE_SECONDS
from spanglass_store.score_answers import copy_answers
from spanglass_store.upkeep import keep_up

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 3600.0


def attend(settings: Settings, stop: threading.Event, *, every_seconds: float = EVERY_SECONDS) -> None:
    """Look after the rows now and every hour until ``stop`` is set. What fails is logged, and done the next time."""
    with Store.open(settings.clickhouse_url) as store:
        while not stop.is_set():
            try:
                changed, gone = keep_up(store)
                copy_answers(store, until=int(time.time()) - SETTLE_SECONDS)
            except StoreError as error:
                log.warning("rows could not be looked after, trying again in an hour: %s", error)
            except Exception:  # the thread outlives a bug
                log.exception("looking after rows failed")
            else:
                if changed or gone:
                    log.info(
                        "%d rows got the retention of their project, %d that were deleted before went", changed, gone
                    )
            stop.wait(every_seconds)
