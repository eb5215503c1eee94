"""The monitor's process: a look at the rules at every multiple of the interval, until told to stop.

The looks run in a thread that dies with the process, so a query or a webhook that hangs cannot hold up a stop.
Run one monitor for a database: two would each tell every alert.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from spanglass_monitor.settings import Settings
from spanglass_monitor.upkeep import attend
from spanglass_monitor.watch import Tally, Watch
from spanglass_store.alerting.evaluate import NS
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError
from spanglass_store.measures_file import use_measures

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 1.5
"""How long a look may go on after a stop was asked for: enough to store what it has told."""


def run(settings: Settings) -> None:
    """Watch until SIGTERM or SIGINT; returns within two seconds of it. Call from the main thread.

    Raises FileUnusable.
    """
    use_measures(settings.measures_file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.getLogger("urllib3").setLevel(logging.INFO)  # its debug lines hold the paths of webhooks
    watching = threading.Thread(target=watch, args=(settings, stop), name="watch", daemon=True)
    watching.start()
    threading.Thread(target=attend, args=(settings, stop), name="upkeep", daemon=True).start()
    stop.wait()
    watching.join(STOP_SECONDS)


def watch(settings: Settings, stop: threading.Event) -> None:
    """Look at the rules now and at every multiple of the interval until ``stop`` is set.

    A look that fails is logged and tried again at the next multiple; looks that came due meanwhile are skipped.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    interval_ns = round(settings.monitor_interval_seconds * NS)
    with Store.open(settings.clickhouse_url) as store:
        watched = Watch(
            store,
            dashboard_url=settings.dashboard_url,
            delay_ns=round(settings.monitor_delay_seconds * NS),
            stop=stop,
        )
        log.info("watching every %g s", settings.monitor_interval_seconds)
        now_ns = time.time_ns()
        while not stop.is_set():
            _look(watched, now_ns, settings.heartbeat_file)
            now_ns = (time.time_ns() // interval_ns + 1) * interval_ns
            stop.wait((now_ns - time.time_ns()) / NS)


def _look(watched: Watch, now_ns: int, heartbeat_file: Path) -> None:
    started = time.monotonic()
    try:
        tally = watched.look(now_ns)
    except StoreError as error:
        log.warning("rules could not be read, trying again at the next look: %s", error)
    except Exception:  # the loop outlives a bug in one look
        log.exception("a look failed")
    else:
        seconds = time.monotonic() - started
        trouble = tally.unmeasured or tally.unreadable or tally.undelivered
        log.log(logging.WARNING if trouble else logging.DEBUG, "looked in %.3f s: %s", seconds, tally)
        write_heartbeat(heartbeat_file, now_ns, seconds, tally)


def write_heartbeat(path: Path, now_ns: int, seconds: float, tally: Tally) -> None:
    """Replace the heartbeat file with when the last look that reached the database was, and what it came to."""
    text = json.dumps({"at_ns": now_ns, "look_seconds": round(seconds, 4), **asdict(tally)})
    draft = path.with_suffix(".tmp")
    draft.write_text(text + "\n")
    draft.replace(path)
