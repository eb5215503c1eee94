"""LangSmith's OTLP (measured: langsmith 0.15, around OpenAI's client and LangChain). Pure.

``gen_ai.prompt`` and ``gen_ai.completion`` hold the whole input and output of a run as one JSON text: of a model call
the request and the answer, or LangChain's dump of them. A failed run says status OK and has an event. Among the
metadata lie variables of the process's environment, which nobody put there on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects import langchain
from spanglass_collector.dialects.dialect import EVENT, Dialect, Family, Found, Phrase, Word
from spanglass_collector.provider_bodies import answered, asked
from spanglass_collector.usage import usage_told

KIND_OF_RUN: Final[Mapping[str, Kind]] = {
    "llm": Kind.LLM,
    "chain": Kind.CHAIN,
    "tool": Kind.TOOL,
    "retriever": Kind.RETRIEVER,
    "embedding": Kind.EMBEDDING,
    "prompt": Kind.PROMPT,
    "parser": Kind.CHAIN,
}
RUN: Final = "langsmith.span.kind"
PROMPT: Final = "gen_ai.prompt"
COMPLETION: Final = "gen_ai.completion"
METADATA: Final = "langsmith.metadata."
USAGE: Final = METADATA + "usage_metadata"
INVOCATION: Final = METADATA + "ls_invocation_params"
EXCEPTION: Final = EVENT + "exception"
STOPPED_READING: Final = "GeneratorExit("
"""How the exception of a stream begins that the application did not read to its end."""
MODEL_RUNS: Final = frozenset({Kind.LLM, Kind.EMBEDDING})
NO_METADATA: Final = frozenset(
    {
        "session_id",
        "thread_id",
        "conversation_id",
        "user_id",
        "usage_metadata",
        "model",
        "model_name",
        "temperature",
        "reasoning_effort",
        "max_tokens",
        "max_completion_tokens",
        "stream",
        "stop",
        "n",
        "_type",
        *langchain.METADATA,
        "LANGSMITH_",
        "LANGCHAIN_",
    }
)
"""What tells something else, or what LangChain and LangSmith say of themselves."""


def _kind(value: Value) -> Kind | None:
    return KIND_OF_RUN.get(value) if isinstance(value, str) else None


def _tags(value: Value) -> tuple[str, ...] | None:
    """Tags from one text with commas."""
    return langchain.tags_given(value.split(",") if isinstance(value, str) else values.texts(value) or ())


def _parameter(name: str, prefix: str = "ls_") -> Word:
    """A request parameter among the metadata, by LangSmith's own name or by LangChain's."""
    return Word(METADATA + prefix + name, "parameters", lambda value: {name: values.as_text(value)})


def _run(span: WireSpan) -> Iterable[Found]:
    """What went into a run and what came out: of a model the messages and all that the raw texts say beside them."""
    is_model = _kind(span.attributes.get(RUN)) in MODEL_RUNS
    for name, read, field in ((PROMPT, asked, "input_text"), (COMPLETION, answered, "output_text")):
        value = span.attributes.get(name)
        told = read(value) if is_model and value is not None else {}
        for told_field, told_value in told.items():
            yield Found(told_field, told_value, (name,))
        if not told and (text := values.said(value)):
            yield Found(field, _only(text), (name,))


def _only(text: str) -> str:
    """The text of the only thing in an object, which LangSmith puts around whatever is no object."""
    inner = values.from_json(text)
    if isinstance(inner, dict) and inner.keys() in ({"input"}, {"output"}):
        (value,) = inner.values()
        return values.as_text(value)
    return text


def _failure(span: WireSpan) -> Iterable[Found]:
    """An error where there was an exception, but for that of a stream nobody read on. Its message has the traceback
    behind it.
    """
    told = [
        values.as_text(event.attributes.get("exception.message")) for event in span.events if event.name == "exception"
    ]
    raised = [message for message in told if not message.startswith(STOPPED_READING)]
    if raised:
        yield Found("status", "error")
        yield Found("error_message", raised[-1].partition("Traceback (most recent call last)")[0].strip())


def _usage(span: WireSpan) -> Iterable[Found]:
    if _kind(span.attributes.get(RUN)) in MODEL_RUNS:
        for field, value in usage_told(span.attributes[USAGE]).items():
            yield Found(field, value, (USAGE,))


def _invocation(span: WireSpan) -> Iterable[Found]:
    sent = values.text_map(span.attributes[INVOCATION])
    if sent is not None:
        yield Found(
            "parameters", {name: value for name, value in sent.items() if name != "stream_options"}, (INVOCATION,)
        )


def _environment(span: WireSpan) -> Iterable[Found]:
    """Variables of the environment: nothing that was told on purpose."""
    names = tuple(
        name for name in span.attributes if name.startswith((METADATA + "LANGSMITH_", METADATA + "LANGCHAIN_"))
    )
    if names:
        yield Found("", None, names)


LANGSMITH: Final = Dialect(
    name="langsmith",
    prefixes=("langsmith.",),
    words=(
        Word(RUN, "kind", _kind),
        Word(METADATA + "session_id", "session_id", values.text),
        Word(METADATA + "thread_id", "session_id", values.text),
        Word(METADATA + "conversation_id", "session_id", values.text),
        Word(METADATA + "user_id", "user_id", values.text),
        Word("langsmith.span.tags", "tags", _tags),
        Word("langsmith.request.streaming", "parameters", lambda value: {"stream": values.as_text(value)}),
        _parameter("temperature"),
        _parameter("max_tokens"),
        _parameter("stop"),
        *(_parameter(name, "") for name in ("temperature", "reasoning_effort", "max_tokens", "max_completion_tokens")),
    ),
    families=(Family(METADATA, "metadata", values.said, besides=NO_METADATA),),
    phrases=(
        Phrase((PROMPT, COMPLETION), _run),
        Phrase((EXCEPTION,), _failure),
        Phrase((USAGE,), _usage),
        Phrase((INVOCATION,), _invocation),
        Phrase((METADATA,), _environment),
    ),
)
