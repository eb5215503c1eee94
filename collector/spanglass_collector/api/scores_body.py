"""The body of ``POST /api/v1/scores`` to scores. Pure: time and ids come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from spanglass_collector.errors import Rejected
from spanglass_collector.values import as_text
from spanglass_store.scores import DataType, Score, Source

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
TraceId = Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{32})?$", to_lower=True)]
SpanId = Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{16})?$", to_lower=True)]


class ScoreBody(BaseModel):
    """A judgement as sent. ``timestamp_ns`` is when it was made, now if left out; without ``id`` it gets one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    name: Name
    value: bool | float | str
    data_type: DataType | None = None
    trace_id: TraceId | None = ""
    span_id: SpanId | None = ""
    session_id: str | None = ""
    source: Source = "code"
    comment: str | None = ""
    evaluator_id: str | None = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    timestamp_ns: int | None = Field(None, ge=0, lt=2**63)


def scores_from_body(body: bytes, *, project: str, now_ns: int, new_id: Callable[[], str]) -> list[Score]:
    """The scores of one object, of a list of them, or of ``{"scores": […]}``.

    Raises InvalidField, naming what is wrong and where.
    """
    sent = json_from_body(body)
    if isinstance(sent, dict):
        sent = sent["scores"] if isinstance(sent.get("scores"), list) else [sent]
    return scores_from_json(sent, project=project, now_ns=now_ns, new_id=new_id)


def json_from_body(body: bytes) -> Any:
    """The value of JSON text. Raises InvalidField for what is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = "The body is not JSON."
        raise InvalidField(msg) from error


def scores_from_json(sent: Any, *, project: str, now_ns: int, new_id: Callable[[], str]) -> list[Score]:
    """The scores of a list of objects, each with the fields of ScoreBody. Raises InvalidField."""
    try:
        told = _LIST.validate_python(sent)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = next((str(step) for step in first["loc"] if isinstance(step, str)), "")
        msg = f"{field or 'The body'}: {_SENTENCES.get(field, first['msg'])}."
        raise InvalidField(msg, field=field) from error
    return [_score(each, project, now_ns, new_id) for each in told]


class InvalidField(Rejected):
    """A field does not hold what it must. ``field`` is empty where it is the body as a whole."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


_SENTENCES = {
    "value": "a number, true or false, or a text is needed",
    "trace_id": "32 hexadecimal digits are needed",
    "span_id": "16 hexadecimal digits are needed",
}
_LIST: TypeAdapter[list[ScoreBody]] = TypeAdapter(list[ScoreBody])


def _score(told: ScoreBody, project: str, now_ns: int, new_id: Callable[[], str]) -> Score:
    if told.span_id and not told.trace_id:
        msg = "span_id: a span is found by its trace; send trace_id too."
        raise InvalidField(msg, field="span_id")
    data_type, value, text = _typed(told)
    return Score(
        project=project,
        score_id=told.id or new_id(),
        name=told.name,
        timestamp_ns=now_ns if told.timestamp_ns is None else told.timestamp_ns,
        trace_id=told.trace_id or "",
        span_id=told.span_id or "",
        session_id=told.session_id or "",
        data_type=data_type,
        value=value,
        text_value=text,
        source=told.source,
        comment=told.comment or "",
        evaluator_id=told.evaluator_id or "",
        metadata={key: as_text(item) for key, item in told.metadata.items() if item is not None},
        updated_at_ns=now_ns,
    )


def _typed(told: ScoreBody) -> tuple[DataType, float | None, str]:
    """(type, number, text) of a value: the type it was given, or the one it looks like."""
    match told.value, told.data_type:
        case bool(), "boolean" | None:
            return "boolean", float(told.value), ""
        case ((0 | 1), "boolean"):
            return "boolean", float(told.value), ""
        case ((float() | int()), "numeric" | None):
            return "numeric", float(told.value), ""
        case str(text), "categorical" | "text" | None:
            return told.data_type or "categorical", None, text
    msg = f"value: {told.value!r} is no {told.data_type} value."
    raise InvalidField(msg, field="value")
