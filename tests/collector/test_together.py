from __future__ import annotations

from dataclasses import replace

from spanglass_collector.together import counted_once, with_trace_context
from spanglass_store.span import Span, Usage

ROOT = Span("p", "aa" * 16, "01" * 8, "", 10, 20, "root", session_id="s", tags=("beta",))
CHILD = Span("p", "aa" * 16, "02" * 8, "01" * 8, 5, 8, "child", session_id="own", user_id="u")
STRANGER = Span("p", "bb" * 16, "03" * 8, "", 1, 2, "stranger")
CALL = replace(CHILD, kind="llm", usage=Usage(input_tokens=10, output_tokens=5))
BELOW = replace(CALL, span_id="04" * 8, parent_span_id=CALL.span_id)


def test_context_of_a_trace_is_shared_among_its_spans() -> None:
    root, child, stranger = with_trace_context([ROOT, CHILD, STRANGER])
    assert (root.session_id, root.user_id, root.tags) == ("s", "u", ("beta",))
    assert (child.session_id, child.user_id, child.tags) == ("own", "u", ("beta",))
    assert stranger == STRANGER


def test_a_call_told_by_two_libraries_counts_once() -> None:
    upper, lower = counted_once([CALL, BELOW])
    assert (upper.usage_counted, lower.usage_counted) == (True, False)


def test_the_providers_own_span_gives_way_whatever_it_counts() -> None:
    native = replace(BELOW, scope_name="com.anthropic.sdk.python", usage=Usage(input_tokens=10, output_tokens=2))
    assert [span.usage_counted for span in counted_once([native, CALL])] == [False, True]
    assert counted_once([native])[0].usage_counted


def test_a_different_call_below_a_call_counts() -> None:
    other = replace(BELOW, usage=Usage(input_tokens=7, output_tokens=5))
    unknown = replace(BELOW, usage=Usage())
    assert all(span.usage_counted for span in counted_once([CALL, other, unknown]))
    assert all(span.usage_counted for span in counted_once([ROOT, CALL]))
