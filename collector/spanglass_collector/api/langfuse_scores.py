"""Scores as Langfuse's SDKs send them, to scores. Pure: time and ids come in.

Two forms, in both each element stands for itself:

- version 5: ``POST /api/public/scores`` with a list of scores; other clients send one.
- versions 2 to 4: ``POST /api/public/ingestion`` with ``{"batch": [{id, type: "score-create", timestamp, body}]}``.

Fields: https://api.reference.langfuse.com/#tag/scores. What has no place here (environment, configuration, data set
run) is kept in the metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from spanglass_collector.api.scores_body import InvalidField
from spanglass_store.scores import Score

Json: TypeAlias = Mapping[str, Any]
Read: TypeAlias = Callable[[list[Json]], list[Score]]
"""``scores_from_json`` with project, time and ids given."""

_NAMES: Final = {
    "id": "id",
    "name": "name",
    "value": "value",
    "traceId": "trace_id",
    "observationId": "span_id",
    "sessionId": "session_id",
    "comment": "comment",
}
_TO_METADATA: Final = {
    "environment": "environment",
    "configId": "config_id",
    "queueId": "queue_id",
    "datasetRunId": "dataset_run_id",
}
_DATA_TYPES: Final = {
    "NUMERIC": "numeric",
    "BOOLEAN": "boolean",
    "CATEGORICAL": "categorical",
    "TEXT": "text",
    "CORRECTION": "text",
}
_SOURCES: Final = {"API": "code", "ANNOTATION": "human", "EVAL": "judge"}


@dataclass(frozen=True, slots=True)
class Refused:
    """An element that cannot be kept: its id, empty if it has none, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a request held: the scores, the ids of the elements that are in order, and those that are not."""

    scores: list[Score]
    accepted: list[str]
    refused: list[Refused]


def told_scores(sent: Any, read: Read) -> Told:
    """The scores of one object or of a list. Never raises."""
    return _told(sent if isinstance(sent, list) else [sent], _own_names, read)


def told_events(sent: Any, read: Read) -> Told:
    """The scores of ``{"batch": […]}``. Raises InvalidField where there is no batch."""
    batch = sent.get("batch") if isinstance(sent, dict) else None
    if not isinstance(batch, list):
        msg = "batch: a list of events is needed."
        raise InvalidField(msg, field="batch")
    return _told([each for each in batch if not _is_chatter(each)], _of_event, read)


def _told(elements: Iterable[Any], own_names: Callable[[Any], Json], read: Read) -> Told:
    told = Told([], [], [])
    for element in elements:
        element_id = str(element.get("id", "")) if isinstance(element, dict) else ""
        try:
            told.scores.extend(read([own_names(element)]))
            told.accepted.append(element_id)
        except InvalidField as error:
            told.refused.append(Refused(element_id, str(error)))
    return told


def _is_chatter(event: Any) -> bool:
    """What a SDK tells of itself."""
    return isinstance(event, dict) and event.get("type") == "sdk-log"


def _of_event(event: Any) -> Json:
    kind = event.get("type") if isinstance(event, dict) else None
    if kind != "score-create":
        msg = f"Events of type {kind!r} are not taken here: spans come by OTLP, from version 3 of Langfuse's SDK on."
        raise InvalidField(msg, field="type")
    body = event.get("body")
    return _own_names({"timestamp": event.get("timestamp"), **body} if isinstance(body, dict) else body)


def _own_names(score: Any) -> Json:
    """A score with the names of ScoreBody. Raises InvalidField."""
    if not isinstance(score, dict):
        msg = "A score is an object."
        raise InvalidField(msg)
    told = {own: score[name] for name, own in _NAMES.items() if score.get(name) is not None}
    metadata = score.get("metadata")
    more = metadata if isinstance(metadata, dict) else {"metadata": metadata}
    kept = {own: score[name] for name, own in _TO_METADATA.items() if score.get(name) not in {None, "default"}}
    return told | {
        "value": score.get("value"),
        "data_type": _DATA_TYPES.get(score.get("dataType", "")),
        "source": _SOURCES.get(score.get("source", ""), "code"),
        "metadata": kept | more,
        "timestamp_ns": _nanoseconds(score.get("timestamp")),
    }


def _nanoseconds(told: Any) -> int | None:
    """A time as ISO text; without a zone it is UTC. None for what is none: then it is now."""
    if not isinstance(told, str):
        return None
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
