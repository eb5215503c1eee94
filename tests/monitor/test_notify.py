"""Notices through real sockets: what arrives, what is said of what did not, and that no secret is said."""

from __future__ import annotations

import logging
import threading

import pytest
from ports import free_port
from webhook import webhook

from spanglass_monitor.notify import NO_ANSWER, outcome_text, send_all
from spanglass_store.alerting.send import SENT, Notice, send

NOTICE = Notice("Critical: calls fail", "Error rate at 12 %, above 5 %.", "failure")
SECRET = "s3cret-token"


def sent(channels: list[str], *, deadline_seconds: float = 20) -> list[str]:
    letters = [(channel, NOTICE) for channel in channels]
    return send_all(letters, deadline_seconds=deadline_seconds, stop=threading.Event())


def test_a_web_address_is_posted_the_notice_as_json() -> None:
    with webhook() as hook:
        assert sent([hook.url]) == [SENT]
    assert hook.paths == ["/hook/s3cret-token"]
    assert (hook.bodies[0]["title"], hook.bodies[0]["message"], hook.bodies[0]["type"]) == (
        NOTICE.title,
        NOTICE.body,
        "failure",
    )


def test_every_channel_is_told_on_its_own() -> None:
    with webhook() as good, webhook() as bad:
        bad.answer = 500
        channels = [bad.url, good.url, f"http://127.0.0.1:{free_port()}/{SECRET}", "nonsense", "slack://short"]
        assert sent(channels) == ["HTTP 500", SENT, "not reachable", "not a channel URL", "not a channel URL"]
        assert good.titles == [NOTICE.title]


def test_a_webhook_that_never_answers_holds_up_nobody() -> None:
    with webhook(hanging=True) as hanging, webhook() as good:
        outcomes = sent([hanging.url, good.url], deadline_seconds=1)
    assert outcomes == [NO_ANSWER, SENT]


def test_a_stop_does_not_wait_for_answers() -> None:
    stop = threading.Event()
    stop.set()
    with webhook(hanging=True) as hanging:
        assert send_all([(hanging.url, NOTICE)], deadline_seconds=60, stop=stop) == [NO_ANSWER]


def test_nothing_to_send_is_nothing_said() -> None:
    assert sent([]) == []


@pytest.mark.parametrize(
    "channel", [f"nosuch://{SECRET}/x", f"json://user:{SECRET}@127.0.0.1:1/{SECRET}", f"slack://{SECRET}"]
)
def test_no_log_line_holds_a_secret(channel: str) -> None:
    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    lines: list[str] = []
    handler = Kept()
    logging.getLogger().addHandler(handler)
    try:
        outcome = send(channel, NOTICE)
    finally:
        logging.getLogger().removeHandler(handler)
    assert outcome != SENT
    assert SECRET not in " ".join([*lines, outcome, outcome_text({channel: outcome})])


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ({}, "no channel"),
        ({"json://a": SENT, "slack://b/c/d": SENT}, "sent"),
        ({"json://a:1/x": "HTTP 500", "slack://b/c/d": SENT}, "failed: json://a:1/… HTTP 500"),
        ({"slack://a": "HTTP 403", "slack://b": "HTTP 403"}, "failed: slack://… HTTP 403"),
    ],
)
def test_the_outcome_of_all_channels_is_one_text(outcomes: dict[str, str], text: str) -> None:
    assert outcome_text(outcomes) == text
