from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from collector.payloads import CORPUS
from collector.strategies import wire_spans
from collector.wire import as_otlp_json, request_of
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from spanglass_collector.errors import Rejected
from spanglass_collector.receive.json_body import parsed_bytes, protobuf_from_json

RECORDED = sorted(CORPUS.glob("*/*.json"))
BODIES = [path for path in RECORDED if path.with_suffix(".pb").exists()]


def spans_of(body: bytes) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(protobuf_from_json(body, "traces"))


def span_of(**fields: Any) -> Span:
    """One span of JSON, as protobuf."""
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}
    return spans_of(json.dumps(document).encode()).resource_spans[0].scope_spans[0].spans[0]


def value_of(value: dict[str, Any]) -> Any:
    return span_of(attributes=[{"key": "k", "value": value}]).attributes[0].value


@pytest.mark.skipif(not BODIES, reason="the recorded payloads do not lie beside the repository")
@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_json_is_the_same_request_as_recorded_protobuf(path: Path) -> None:
    assert spans_of(path.read_bytes()) == ExportTraceServiceRequest.FromString(path.with_suffix(".pb").read_bytes())


@given(st.lists(wire_spans, max_size=3), st.booleans())
def test_every_request_survives_json_in_both_spellings(spans: list[Any], snake_case: bool) -> None:
    request = request_of(spans)
    read = spans_of(json.dumps(as_otlp_json(request, snake_case=snake_case)).encode())
    assert as_otlp_json(read) == as_otlp_json(request)  # and not their bytes: JSON knows one NaN


def test_metrics_are_read_with_every_kind_of_number() -> None:
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    point = scope.metrics.add(name="e").exponential_histogram.data_points.add(count=7, scale=-3, sum=1.5)
    point.negative.bucket_counts.extend([1, 2**63, 0])
    point.negative.offset = 2**31 - 1
    scope.metrics.add(name="s").sum.data_points.add(as_int=-(2**63), flags=1)
    document = as_otlp_json(request, snake_case=False)
    assert (
        ExportMetricsServiceRequest.FromString(protobuf_from_json(json.dumps(document).encode(), "metrics")) == request
    )


@pytest.mark.parametrize(
    ("value", "field", "read"),
    [
        ({"intValue": "9007199254740993"}, "int_value", 9007199254740993),
        ({"intValue": 9007199254740993}, "int_value", 9007199254740993),
        ({"intValue": -1.0}, "int_value", -1),
        ({"int_value": "-5"}, "int_value", -5),
        ({"doubleValue": "Infinity"}, "double_value", float("inf")),
        ({"doubleValue": 3}, "double_value", 3.0),
        ({"boolValue": False}, "bool_value", False),
        ({"bytesValue": "-_8="}, "bytes_value", b"\xfb\xff"),
        ({"bytesValue": "+/8"}, "bytes_value", b"\xfb\xff"),
        ({"stringValue": ""}, "string_value", ""),
        ({"stringValue": "\U0001f600"}, "string_value", "\U0001f600"),
    ],
)
def test_values_are_read(value: dict[str, Any], field: str, read: object) -> None:
    proto = value_of(value)
    assert (proto.WhichOneof("value"), getattr(proto, field)) == (field, read)


def test_an_emoji_cut_in_half_is_read_and_the_rest_kept() -> None:
    assert value_of({"stringValue": "cut \ud83d"}).string_value == "cut \ufffd"
    assert spans_of(b'{"resourceSpans":[{"schemaUrl":"caf\xe9"}]}').resource_spans[0].schema_url == "caf\ufffd"


def test_enumerations_are_numbers_or_names() -> None:
    assert (span_of(kind=3).kind, span_of(kind="SPAN_KIND_CLIENT").kind, span_of(kind=99).kind) == (3, 3, 99)


def test_ids_are_hexadecimal_in_either_case_and_a_wrong_one_comes_out_empty() -> None:
    span = span_of(traceId="5B8EFFF798038103D269B633813FC60C", spanId="eee19b7ec3c1b174", parentSpanId="no hex")
    assert (span.trace_id.hex(), span.span_id.hex()) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")
    assert span.parent_span_id == b""


def test_unknown_fields_and_nulls_are_ignored() -> None:
    assert span_of(name="n", newer={"a": [1]}, attributes=None, kind=None) == Span(name="n")
    assert spans_of(b"{}") == spans_of(b"") == ExportTraceServiceRequest()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "not an OTLP/JSON traces export request"),
        (b"[]", "ExportTraceServiceRequest must be an object"),
        (b'"x"', "must be an object"),
        (b'{"resourceSpans": {}}', "field resourceSpans must be a list"),
        (b'{"resourceSpans": [null]}', "field resourceSpans: ResourceSpans must be an object"),
        (
            b'{"resourceSpans": [{"resource": {"droppedAttributesCount": "x"}}]}',
            "droppedAttributesCount: 'x' is no whole",
        ),
        (b'{"resourceSpans": [{"resource": {"droppedAttributesCount": -1}}]}', "from 0 to 4294967295"),
        (b'{"resourceSpans": [{"schemaUrl": 1}]}', "field schemaUrl: 1 is no text"),
        (b'{"resourceSpans": ' + b"[" * 5000 + b"]" * 5000 + b"}", ""),
        (b'{"a": ' * 900 + b"1" + b"}" * 900, None),
    ],
)
def test_what_is_no_request_is_refused_with_the_field(body: bytes, sentence: str | None) -> None:
    if sentence is None:
        assert spans_of(body) == ExportTraceServiceRequest()  # it is all in a field nobody knows
        return
    with pytest.raises(Rejected) as caught:
        spans_of(body)
    assert sentence in str(caught.value)


def test_values_inside_values_are_refused_before_the_stack_ends() -> None:
    value = b'{"arrayValue":{"values":[' * 300 + b"{}" + b"]}}" * 300
    with pytest.raises(Rejected, match="nested too deeply"):
        spans_of(b'{"resourceSpans":[{"resource":{"attributes":[{"value":' + value + b"}]}}]}")


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda v: st.lists(v) | st.dictionaries(st.text(), v))
)
def test_any_json_is_read_or_refused(document: Any) -> None:
    with contextlib.suppress(Rejected):
        spans_of(json.dumps({"resourceSpans": document}).encode())


def test_the_memory_of_a_parsed_body_is_bounded_beforehand() -> None:
    assert parsed_bytes(b"[{},{},{}]") == 10 + 4 * 72 + 2 * 64
