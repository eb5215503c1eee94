"""google-genai's requests and answers as JSON values -> the attributes of a span. Pure.

Google counts thoughts apart from ``candidates_token_count`` and the results of its own tools apart from
``prompt_token_count``; OpenTelemetry's output and input include them. What came from the cache is in the prompt's
count already.
"""

from __future__ import annotations

from typing import Any, Final

from spanglass import semconv
from spanglass.clients import facts
from spanglass.clients.facts import Json, dicts, nested, whole
from spanglass.clients.google_parts import messages_of, part_of, parts_of, tool_definitions
from spanglass.clients.google_values import snake_keys

_NO_PARAMETERS: Final = frozenset({"system_instruction", "tools"})
_OTEL_NAMES: Final = {"candidate_count": "choice.count", "max_output_tokens": "max_tokens"}


def request_attributes(sent: Json) -> Json:
    """Of one request of ``generate_content`` or ``generate_content_stream``."""
    config = nested(sent.get("config"))
    return facts.request(
        model=model_name(sent.get("model")),
        parameters={_OTEL_NAMES.get(name, name): value for name, value in config.items() if name not in _NO_PARAMETERS},
        system=parts_of(config.get("system_instruction")),
        messages=messages_of(sent.get("contents")),
        tools=tool_definitions(config.get("tools")),
    )


def stream_request_attributes(sent: Json) -> Json:
    """The same of a request whose answer comes in pieces."""
    return {**request_attributes(sent), semconv.REQUEST_STREAM: True}


def response_attributes(answer: Json) -> Json:
    """Of an answer; a prompt that was refused has no candidate, and the reason it was refused for as finish reason."""
    candidates = dicts(answer.get("candidates"))
    reasons = [str(each["finish_reason"]).lower() for each in candidates if each.get("finish_reason")]
    if not candidates and answer.get("blocked"):
        reasons = [str(answer["blocked"]).lower()]
    said = [_said(each) for each in candidates if "parts" in each]
    told = {
        semconv.RESPONSE_ID: answer.get("id"),
        semconv.RESPONSE_MODEL: answer.get("model"),
        semconv.SERVICE_TIER: answer.get("tier") or _traffic(answer),
        semconv.FINISH_REASONS: reasons or None,
        semconv.OUTPUT_MESSAGES: facts.dumped(said) if said else None,
    }
    return facts.response(told, usage=usage_attributes(nested(answer.get("usage"))))


def embedding_request_attributes(sent: Json) -> Json:
    """Of ``embed_content``."""
    return facts.request(
        model=model_name(sent.get("model")),
        parameters=nested(sent.get("config")),
        messages=messages_of(sent.get("contents")),
    )


def embedding_response_attributes(answer: Json) -> Json:
    """How many vectors there are, how long they are, and the tokens that were read."""
    counts = answer.get("counts")
    usage = usage_attributes(nested(answer.get("usage")))
    if usage[semconv.INPUT_TOKENS] is None and isinstance(counts, list):
        usage[semconv.INPUT_TOKENS] = _sum(counts)
    told = {
        semconv.EMBEDDING_DIMENSIONS: whole(answer.get("dimensions")),
        semconv.EMBEDDING_COUNT: whole(answer.get("vectors")),
    }
    return facts.response(told, usage=usage)


def usage_attributes(usage: Json) -> Json:
    """Token counts by OpenTelemetry's rule; None for what is not told."""
    thoughts = usage.get("thoughts_token_count")
    return {
        semconv.INPUT_TOKENS: _sum([usage.get("prompt_token_count"), usage.get("tool_use_prompt_token_count")]),
        semconv.OUTPUT_TOKENS: _sum([usage.get("candidates_token_count"), thoughts]),
        semconv.CACHE_READ_TOKENS: usage.get("cached_content_token_count"),
        semconv.REASONING_TOKENS: thoughts,
        semconv.INPUT_AUDIO_TOKENS: _audio(usage.get("prompt_tokens_details")),
        semconv.OUTPUT_AUDIO_TOKENS: _audio(usage.get("candidates_tokens_details")),
    }


def model_name(model: object) -> object:
    """The model's own name out of a resource's: ``models/gemini-3``, ``publishers/google/models/gemini-3``."""
    if isinstance(model, str) and (model.startswith("models/") or "/models/" in model):
        return model.rpartition("models/")[2]
    return model


def _said(candidate: Json) -> Json:
    reason = candidate.get("finish_reason")
    said = [part_of(part) for part in dicts(candidate["parts"]) if part]
    return {
        "role": "assistant",
        "parts": said,
        **({"finish_reason": str(reason).lower()} if reason else {}),
        **({"finish_message": candidate["finish_message"]} if candidate.get("finish_message") else {}),
    }


def _traffic(answer: Json) -> str | None:
    """Vertex AI tells in the usage how the request was served: on demand, with priority, from a reserved share."""
    traffic = nested(answer.get("usage")).get("traffic_type")
    return str(traffic).lower() if traffic else None


def _sum(counts: list[Any]) -> int | None:
    """Of the counts that are told; None when none is."""
    known = [count for each in counts if (count := whole(each)) is not None]
    return sum(known) if known else None


def _audio(details: object) -> int | None:
    known = [snake_keys(each) for each in dicts(details)]
    return _sum([each.get("token_count") for each in known if str(each.get("modality")).upper() == "AUDIO"])
