"""The sample rate on the way out: what is left out is counted, and what passes tells how much it stands for."""

from __future__ import annotations

import pytest
from sdk.conftest import new_provider
from sdk.export.waiting import until
from sdk.servers import Sink

import spanglass
from spanglass import semconv
from spanglass.current import leave
from spanglass.sampling import keeps

pytestmark = pytest.mark.usefixtures("unhurried")


@spanglass.observe
def work(text: str = "hello") -> str:
    return text


def test_of_all_traces_the_share_is_kept_and_each_tells_how_many_it_stands_for(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.2)
    ids = []
    for _ in range(2_000):
        with spanglass.span("root") as root, spanglass.span("below"):
            ids.append(root.trace_id)
    assert spanglass.flush(30)
    kept = {each for each in ids if keeps(int(each, 16), 0.2)}
    spans = sink.spans()
    assert {span["trace_id"] for span in spans} == kept
    assert len(spans) == 2 * len(kept) > 0
    assert {span["attributes"][semconv.SAMPLING_WEIGHT] for span in spans} == {5.0}
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_sent) == (4_000, 2 * len(kept))
    assert totals.spans_sent + totals.spans_sampled_out == 4_000
    assert totals.spans_pending == totals.spans_dropped == 0


def test_a_trace_with_an_error_is_kept_for_sure_and_stands_for_itself(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.0)
    for number in range(10):
        with spanglass.span("root") as root:
            if number == 3:
                root.fail(ValueError("broken"))
    assert spanglass.flush()
    (kept,) = sink.spans()
    assert kept["status_message"] == "broken"
    assert kept["attributes"].get(semconv.SAMPLING_WEIGHT, 1.0) == 1.0
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_sent, totals.spans_sampled_out, totals.spans_pending) == (10, 1, 9, 0)


def test_a_trace_that_has_not_ended_is_held_and_decided_at_the_end(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.5)
    blocks = [spanglass.span("never ends") for _ in range(20)]
    for block in blocks:
        block.__enter__()
        with spanglass.span("below"):
            pass
        assert block._live is not None
        leave(block._live.token)
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.pending) == (0, 20)
    spanglass.shutdown()
    totals = spanglass.stats()
    assert totals.spans_pending == 0
    assert totals.spans_sent == len(sink.spans())
    assert totals.spans_sent + totals.spans_sampled_out == 20


def test_the_rate_holds_beyond_the_queue_too(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "1")
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.25)
    for _ in range(400):
        work()
    spanglass.flush()
    assert until(lambda: (now := spanglass.stats()).spans_sent + now.spans_sampled_out == 400)
    assert {span["attributes"][semconv.SAMPLING_WEIGHT] for span in sink.spans()} == {4.0}
    assert all(keeps(int(span["trace_id"], 16), 0.25) for span in sink.spans())
    assert spanglass.stats().spans_sampled_out == 400 - len(sink.spans())
