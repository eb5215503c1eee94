"""The names that travel on the wire, each once.

Wherever OpenTelemetry's GenAI conventions (v1.41.1, https://github.com/open-telemetry/semantic-conventions-genai)
have a name, it is used; what they have no word for lives under ``spanglass.``. The SDK writes these names,
the collector's own dialect reads them, and nothing else in the house spells them out.

Standard library only: the collector imports this module and nothing more of the SDK.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a span stands for. Anything without a better word is ``span``."""

    LLM = "llm"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    RETRIEVER = "retriever"
    TOOL = "tool"
    AGENT = "agent"
    CHAIN = "chain"
    GUARDRAIL = "guardrail"
    EVALUATOR = "evaluator"
    PROMPT = "prompt"
    SPAN = "span"


MODEL_KINDS: Final = frozenset({Kind.LLM, Kind.EMBEDDING, Kind.RERANK})
"""Kinds that are a call of a model: the ones that have usage and a price."""

# --- resource -------------------------------------------------------------------------------------------
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"  # the release
DEPLOYMENT_ENVIRONMENT: Final = "deployment.environment.name"
SDK_NAME: Final = "spanglass"  # telemetry scope name of our own spans

# --- what the span is -----------------------------------------------------------------------------------
SPAN_KIND: Final = "spanglass.span.kind"  # a value of Kind
OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"  # host of the model's API
SERVER_PORT: Final = "server.port"
HTTP_STATUS: Final = "http.response.status_code"  # of a call that failed

OPERATION_OF_KIND: Final = {
    Kind.LLM: "chat",
    Kind.EMBEDDING: "embeddings",
    Kind.TOOL: "execute_tool",
    Kind.AGENT: "invoke_agent",
    Kind.RETRIEVER: "retrieval",
}

# --- request --------------------------------------------------------------------------------------------
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_PREFIX: Final = "gen_ai.request."  # any parameter sent: gen_ai.request.temperature, …
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"  # string array

# --- response -------------------------------------------------------------------------------------------
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"  # string array, one a choice
TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"  # seconds, float
EMBEDDING_DIMENSIONS: Final = "gen_ai.embeddings.dimension.count"  # length of each vector
EMBEDDING_COUNT: Final = "spanglass.embeddings.count"  # number of vectors
SYSTEM_FINGERPRINT: Final = "openai.response.system_fingerprint"
SERVICE_TIER: Final = "openai.response.service_tier"
ANTHROPIC_SERVICE_TIER: Final = "anthropic.response.service_tier"
ANTHROPIC_REQUEST_ID: Final = "anthropic.request.id"  # as Anthropic's own span has it
AWS_REQUEST_ID: Final = "aws.request_id"

# --- usage: input includes cached tokens, output includes reasoning tokens ------------------------------
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
INPUT_AUDIO_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
OUTPUT_AUDIO_TOKENS: Final = "gen_ai.usage.audio.output_tokens"
COHERE_BILLED_PREFIX: Final = "cohere.billed_units."  # what is paid for: tokens, searches, images
USAGE_COUNTED: Final = "spanglass.usage.counted"  # bool; false: told elsewhere too, never summed
COST_USD: Final = "spanglass.cost_usd"  # float; the caller's own figure, wins over a computed one

# --- content --------------------------------------------------------------------------------------------
INPUT_MESSAGES: Final = "gen_ai.input.messages"  # JSON text: [{"role", "parts": [...]}]
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"  # JSON text: [{"role", "parts": [...], "finish_reason"}]
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"  # JSON text: [parts]
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"  # JSON text
AGENT_ID: Final = "gen_ai.agent.id"  # an agent that the provider keeps
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
INPUT: Final = "spanglass.input"  # text, or JSON text, of a span that is no model call
OUTPUT: Final = "spanglass.output"
CONTENT_DROPPED: Final = "spanglass.content_dropped"  # bool; true: masking failed, so content was left out

# --- context --------------------------------------------------------------------------------------------
SESSION_ID: Final = "session.id"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
USER_ID: Final = "user.id"
TAGS: Final = "spanglass.tags"  # string array
METADATA_PREFIX: Final = "spanglass.metadata."  # one attribute a key
PROMPT_NAME: Final = "gen_ai.prompt.name"
PROMPT_VERSION: Final = "gen_ai.prompt.version"
SAMPLING_WEIGHT: Final = "spanglass.sampling.weight"  # float, 1 / probability of having been kept

# --- between processes ----------------------------------------------------------------------------------
BAGGAGE_FACTS: Final = "spanglass"  # entry of W3C baggage: JSON text, the facts of the context by the names above

# --- HTTP -----------------------------------------------------------------------------------------------
TRACES_PATH: Final = "/v1/traces"
SCORES_PATH: Final = "/api/v1/scores"
PROJECT_HEADER: Final = "x-spanglass-project"  # read only where no key is required
DEFAULT_PROJECT: Final = "default"
DEFAULT_ENDPOINT: Final = "http://127.0.0.1:4318"
