"""What must not leave does not, whatever becomes of the span."""

from __future__ import annotations

import pytest
from sdk.conftest import new_provider
from sdk.servers import Sink

import spanglass
from spanglass import semconv

pytestmark = pytest.mark.usefixtures("unhurried")


@spanglass.observe
def work(text: str = "hello") -> str:
    return text


@pytest.mark.usefixtures("forgiving")
def test_content_may_stay_at_home(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), capture_content=False)
    with spanglass.span("ask", kind="llm", input="my secret", model="m") as span:
        span.set(output="your secret", usage={"input_tokens": 3, "output_tokens": 5})
    work("their secret")
    assert spanglass.flush()
    assert not any(b"secret" in request.body for request in sink.requests)
    assert sink.span("ask")["attributes"][semconv.INPUT_TOKENS] == 3
    assert sink.span("ask")["attributes"][semconv.REQUEST_MODEL] == "m"


def test_what_the_rules_find_does_not_leave(sink: Sink) -> None:
    spanglass.init(
        endpoint=sink.url, tracer_provider=new_provider(), mask_patterns=["email"], mask_paths=["*.password"]
    )
    work("write to ada@example.org")
    with spanglass.span("mail ada@example.org"):
        pass
    with spanglass.span("login", input={"user": "ada", "password": "hunter2"}) as span:
        span.add_event("tried ada@example.org", {"as": "ada@example.org"})
        span.fail(ValueError("no ada@example.org"))
    assert spanglass.flush()
    body = b"".join(request.body for request in sink.requests)
    for secret in (b"ada@example.org", b"hunter2"):
        assert secret not in body
    assert sink.span("mail [masked:email]")
    assert sink.span("login")["attributes"][semconv.INPUT] == '{"user":"ada","password":"[masked]"}'
    assert spanglass.stats().mask_failures == 0


@pytest.mark.usefixtures("forgiving")
def test_when_masking_goes_wrong_the_span_arrives_without_content(sink: Sink) -> None:
    def mask(key: str, value: object) -> object:
        if "bad" in str(value):
            raise ValueError(value)
        return value

    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), mask=mask)
    work("good secret")
    with spanglass.span("ask", kind="llm", input="bad secret", model="m") as span:
        span.add_event("e", {"k": "bad secret"})
        span.fail(ValueError("bad secret"))
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.dropped) == (2, 0)
    assert b"bad secret" not in b"".join(request.body for request in sink.requests)
    asked = sink.span("ask")
    assert asked["attributes"][semconv.CONTENT_DROPPED] is True
    assert asked["attributes"][semconv.REQUEST_MODEL] == "m"
    assert asked["status"] == 2
    assert sink.span("work")["attributes"][semconv.OUTPUT] == "good secret"
    assert spanglass.stats().mask_failures == 1
