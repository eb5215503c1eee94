"""OpenTelemetry's event of an evaluation (semantic conventions v1.38) to a score. Pure."""

from __future__ import annotations

from typing import Final

from spanglass import semconv
from spanglass_collector import values
from spanglass_collector.decode import Attributes, WireSpan
from spanglass_store.scores import DataType, Score

EVALUATION: Final = "gen_ai.evaluation.result"
NAME: Final = "gen_ai.evaluation.name"
VALUE: Final = "gen_ai.evaluation.score.value"
LABEL: Final = "gen_ai.evaluation.score.label"
EXPLANATION: Final = "gen_ai.evaluation.explanation"
MAX_NAME: Final = 200
_TRACE_ID_DIGITS: Final = 32
_SPAN_ID_DIGITS: Final = 16


def score_from_event(event: WireSpan, project: str, score_id: str) -> Score | None:
    """The score that an event tells, which comes as the span that it belongs to; None where it names no result.

    An event without ids is a score of no trace: the id of the model's answer is then in its metadata.
    """
    told = event.attributes
    name, label = values.text(told.get(NAME)), values.text(told.get(LABEL))
    value = values.number(float(flag) if isinstance(flag := told.get(VALUE), bool) else flag)
    if not name or (value is None and not label):
        return None
    trace_id = event.trace_id if len(event.trace_id) == _TRACE_ID_DIGITS and event.trace_id.strip("0") else ""
    span_id = event.span_id if trace_id and len(event.span_id) == _SPAN_ID_DIGITS and event.span_id.strip("0") else ""
    data_type: DataType = "categorical" if value is None else "boolean" if isinstance(flag, bool) else "numeric"
    return Score(
        project=project,
        score_id=score_id,
        name=name[:MAX_NAME],
        timestamp_ns=event.start_ns,
        trace_id=trace_id,
        span_id=span_id,
        session_id=values.text(told.get(semconv.SESSION_ID)) or values.text(told.get(semconv.CONVERSATION_ID)) or "",
        data_type=data_type,
        value=value,
        text_value="" if value is not None else label or "",
        source="judge" if semconv.REQUEST_MODEL in told or semconv.RESPONSE_MODEL in told else "code",
        comment=values.as_text(told.get(EXPLANATION)),
        evaluator_id=event.scope_name,
        metadata=_metadata(told, without=LABEL if value is None else ""),
    )


def _metadata(told: Attributes, *, without: str) -> dict[str, str]:
    """What else the event tells; the label too, where the score is a number."""
    known = {NAME, VALUE, EXPLANATION, semconv.SESSION_ID, without}
    return {name: values.as_text(value) for name, value in told.items() if name not in known}
