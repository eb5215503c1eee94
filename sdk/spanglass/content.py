"""Snapshots of inputs and outputs -> attributes, by kind of span. Pure; runs in the exporter's thread.

What is known of a model call is looked for here and not on the caller's thread: a decorated function of kind ``llm``
that takes ``messages`` and returns a completion is told as the model call it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from spanglass import messages, semconv
from spanglass.capture import Snapshot, text

Reader = Callable[[Snapshot], Mapping[str, Any]]

_PARAMETERS: Final = frozenset(
    {
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "presence_penalty",
        "reasoning_effort",
        "seed",
        "stop",
        "stream",
        "temperature",
        "top_k",
        "top_p",
    }
)
"""Arguments of a decorated function that are parameters of the model; others have meaning only to the application."""

KEPT_WITHOUT_CONTENT: Final = ("id", "model", "usage", "system_fingerprint", "service_tier")
"""Fields of a completion that are figures, not content."""


def plain_input(taken: Snapshot) -> Mapping[str, Any]:
    """Input of what is no model call."""
    return {semconv.INPUT: _encoded(taken)}


def plain_output(taken: Snapshot) -> Mapping[str, Any]:
    """Output of what is no model call."""
    return {semconv.OUTPUT: _encoded(taken)}


def model_input(taken: Snapshot) -> Mapping[str, Any]:
    """Input of a model call: a prompt, a list of messages, or the arguments of a decorated function by name."""
    match _value(taken):
        case str() as prompt:
            return _texts(semconv.INPUT_MESSAGES, "user", prompt)
        case [{"role": _}, *_] as said:
            return {semconv.INPUT_MESSAGES: messages.to_json(map(messages.to_message, said))}
        case {"messages": [{"role": _}, *_]} as arguments:
            known = {key: arguments[key] for key in arguments.keys() & (_PARAMETERS | {"messages", "model", "tools"})}
            return messages.request_attributes(known)
        case {"model": str() as model}:
            return {semconv.INPUT: text(taken), semconv.REQUEST_MODEL: model}
        case _:
            return {semconv.INPUT: text(taken)}


def model_output(taken: Snapshot) -> Mapping[str, Any]:
    """Output of a model call: its text, a message, or a whole completion with its usage."""
    match _value(taken):
        case str() as answer:
            return _texts(semconv.OUTPUT_MESSAGES, "assistant", answer)
        case {"choices": [{"message": _}, *_]} as completion:
            return messages.response_attributes(completion)
        case {"role": str()} as message:
            return {semconv.OUTPUT_MESSAGES: messages.to_json([messages.to_message(message)])}
        case dict() as answer:
            return {semconv.OUTPUT: text(taken), **messages.response_attributes(answer)}
        case _:
            return {semconv.OUTPUT: text(taken)}


def chat_request(taken: Snapshot) -> Mapping[str, Any]:
    """Keyword arguments of ``chat.completions.create``; as plain input when it was too long to keep its shape."""
    value = _value(taken)
    return messages.request_attributes(value) if isinstance(value, dict) else plain_input(taken)


def chat_response(taken: Snapshot) -> Mapping[str, Any]:
    """A chat completion; as plain output when it was too long to keep its shape."""
    value = _value(taken)
    return messages.response_attributes(value) if isinstance(value, dict) else plain_output(taken)


def completion_figures(taken: Snapshot) -> Mapping[str, Any]:
    """Only the figures of a completion, for when content is not captured."""
    value = _value(taken)
    return messages.response_attributes(value) if isinstance(value, dict) else {}


def readers(kind: str) -> tuple[Reader, Reader]:
    """How input and output of this kind of span are read."""
    return (model_input, model_output) if kind == semconv.Kind.LLM else (plain_input, plain_output)


def _texts(name: str, role: str, said: str) -> Mapping[str, Any]:
    return {name: messages.to_json([messages.text_message(role, text(said))])}


def _encoded(taken: Snapshot) -> str | bytes:
    """JSON stays as it is; what encodes it for the wire takes it so."""
    if isinstance(taken, dict):
        return orjson.dumps(taken)
    return taken if isinstance(taken, bytes) else text(taken)


def _value(taken: Snapshot) -> Any:
    return orjson.loads(taken) if isinstance(taken, bytes) else taken
