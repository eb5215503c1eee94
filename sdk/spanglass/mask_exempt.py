"""Attributes that are no content: no pattern and no hook sees them, and they stay when content is dropped. Pure."""

from __future__ import annotations

from typing import Final

from spanglass import semconv

EXEMPT: Final = frozenset(
    {
        # ours and OpenTelemetry's
        semconv.SPAN_KIND,
        semconv.OPERATION_NAME,
        semconv.PROVIDER_NAME,
        semconv.ERROR_TYPE,
        semconv.SERVER_ADDRESS,
        semconv.SERVER_PORT,
        semconv.REQUEST_MODEL,
        semconv.REQUEST_STREAM,
        semconv.REQUEST_ENCODING_FORMATS,
        semconv.EMBEDDING_COUNT,
        semconv.RESPONSE_MODEL,
        semconv.RESPONSE_ID,
        semconv.FINISH_REASONS,
        semconv.TIME_TO_FIRST_CHUNK,
        semconv.SYSTEM_FINGERPRINT,
        semconv.SERVICE_TIER,
        semconv.USAGE_COUNTED,
        semconv.COST_USD,
        semconv.CONTENT_DROPPED,
        semconv.TOOL_NAME,
        semconv.TOOL_CALL_ID,
        semconv.SESSION_ID,
        semconv.CONVERSATION_ID,
        semconv.PROMPT_NAME,
        semconv.PROMPT_VERSION,
        semconv.SAMPLING_WEIGHT,
        "exception.type",
        "exception.escaped",
        "gen_ai.agent.id",
        "gen_ai.agent.name",
        "gen_ai.output.type",
        "gen_ai.system",
        "gen_ai.tool.type",
        "http.request.method",
        "http.response.status_code",
        # OpenInference, OpenLLMetry
        "llm.model_name",
        "llm.provider",
        "llm.system",
        "openinference.span.kind",
        "traceloop.entity.name",
        "traceloop.span.kind",
        "traceloop.workflow.name",
    }
)
"""Attributes that are no content. ``user.id`` is not among them: often it is an e-mail address."""

EXEMPT_FIGURES: Final = ("gen_ai.usage.", "gen_ai.request.", "llm.usage.", "llm.token_count.")
"""Numbers below these are no content either."""


def is_exempt(name: str, value: object) -> bool:
    """Whether an attribute of this name and value is no content."""
    return name in EXEMPT or (isinstance(value, int | float) and name.startswith(EXEMPT_FIGURES))
