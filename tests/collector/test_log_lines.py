from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from spanglass_collector.logs import LogFormat, start_logging


@contextmanager
def logging_as(form: LogFormat) -> Iterator[io.StringIO]:
    """What goes to standard error within the block; the log is afterwards as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", io.StringIO())
        try:
            start_logging(form)
            yield sys.stderr  # type: ignore[misc]
        finally:
            root.handlers[:] = before
            root.setLevel(level)


@pytest.mark.parametrize("form", ["json", "auto"])  # what is written to is no terminal
def test_a_line_is_an_object_with_a_time_a_level_and_a_message(form: LogFormat) -> None:
    with logging_as(form) as written:
        logging.getLogger("spanglass_collector.x").warning("%d rows\nwait", 5)
    (line,) = written.getvalue().splitlines()
    told = json.loads(line)
    assert {name: told[name] for name in ("level", "logger", "message")} == {
        "level": "warning", "logger": "spanglass_collector.x", "message": "5 rows\nwait",
    }  # fmt: skip
    assert abs(datetime.now(UTC) - datetime.fromisoformat(told["time"])).total_seconds() < 60


def test_an_error_has_its_traceback_in_the_same_line() -> None:
    with logging_as("json") as written:
        try:
            raise ValueError("no")  # noqa: EM101, TRY301
        except ValueError:
            logging.getLogger("x").exception("stumbled")
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["error"].endswith("ValueError: no")


def test_text_is_for_people() -> None:
    with logging_as("text") as written:
        logging.getLogger("x").info("listens")
    assert written.getvalue().endswith(" INFO x: listens\n")
