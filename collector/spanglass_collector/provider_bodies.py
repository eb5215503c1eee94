"""Requests to model providers, and their answers, as libraries record them whole, to canonical fields. Pure.

OpenAI's chat completions and responses, Anthropic's, Google's, Cohere's and Ollama's messages, and what LangChain makes
of all of them. ``asked`` and ``answered`` give what there is to be told (``dialects.told.FIELDS``), and nothing for a
body that is none of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from spanglass_collector.decode import Value
from spanglass_collector.messages import Message, messages_from_value, parts_from_value
from spanglass_collector.usage import usage_told
from spanglass_collector.values import as_text, from_json, text, texts

_MESSAGES: Final = ("messages", "input", "contents", "prompt", "texts", "inputs")
"""Where a request has what was said."""
_SYSTEM: Final = ("instructions", "system", "system_instruction", "systemInstruction", "preamble")
"""Where it has its instructions, if they are not among the messages."""
_CONFIGS: Final = ("config", "generation_config", "generationConfig")
_NO_PARAMETERS: Final = frozenset({*_MESSAGES, *_SYSTEM, *_CONFIGS, "model", "model_name", "stream_options"})
_ID: Final = ("id", "response_id", "responseId")
_MODEL: Final = ("model", "model_name", "model_version", "modelVersion")
_USAGE: Final = ("usage", "usage_metadata", "usageMetadata", "token_usage")


def asked(body: Value) -> dict[str, Any]:
    """What a request says: messages, system parts, model and parameters. A bare list or text is the messages."""
    request = from_json(body) if isinstance(body, str) and body[:1] in {"[", "{"} else body
    if not isinstance(request, dict):
        messages = messages_from_value(request if request is not None else body, "user")
        return {"input_messages": messages} if messages else {}
    said = next((request[name] for name in _MESSAGES if request.get(name)), None)
    if said is None:
        return {}
    told: dict[str, Any] = {"input_messages": messages_from_value(said, "user")}
    for place in (request, _object(request, "config")):
        system = next((place[name] for name in _SYSTEM if place.get(name)), None)
        if system is not None and "system_parts" not in told:
            told["system_parts"] = _system_parts(system)
    told["request_model"] = text(request.get("model")) or text(request.get("model_name"))
    told["parameters"] = parameters(request)
    return {field: value for field, value in told.items() if value}


def parameters(request: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a request: all of it that is neither said nor names the model. Google's and Genkit's lie in a
    part of their own.
    """
    bundled = {key: value for name in _CONFIGS for key, value in _object(request, name).items()}
    return {
        name: as_text(value)
        for name, value in {**bundled, **request}.items()
        if value not in (None, "", [], {}) and name not in _NO_PARAMETERS
    }


def answered(body: Value) -> dict[str, Any]:
    """What an answer says: messages, id, model, why it ended, usage. A bare message, list or text is the messages."""
    answer = from_json(body) if isinstance(body, str) and body[:1] in {"[", "{"} else body
    if not isinstance(answer, dict):
        messages = messages_from_value(answer if answer is not None else body, "assistant")
        return {"output_messages": messages} if messages else {}
    if isinstance(answer.get("generations"), list):
        return _of_langchain(answer)
    said = _said(answer)
    if said is None and isinstance(answer.get("data"), list) and "usage" in answer:  # embeddings, whose vectors go
        return _without_nothing(_facts(answer))
    if said is None:
        bare = messages_from_value(answer, "assistant") if not _BARE.isdisjoint(answer) else None
        return {"output_messages": bare} if bare else {}
    reasons = (
        texts(answer.get("stop_reason")) or texts(answer.get("finish_reason")) or texts(answer.get("finishReason"))
    )
    return _without_nothing(
        {"output_messages": messages_from_value(said, "assistant"), "finish_reasons": reasons, **_facts(answer)}
    )


_BARE: Final = frozenset({"role", "content", "parts", "tool_calls"})


def _system_parts(system: Any) -> Any:
    inner = system.get("parts", system.get("content")) if isinstance(system, dict) else None
    return parts_from_value(inner if inner is not None else system)


def _said(answer: Mapping[str, Any]) -> list[Any] | None:
    """The messages of an answer that has anything around them."""
    choices, candidates, output = answer.get("choices"), answer.get("candidates"), answer.get("output")
    if isinstance(choices, list):
        return [_choice(each, ("message", "delta"), "finish_reason") for each in choices if isinstance(each, dict)]
    if isinstance(candidates, list):
        return [_choice(each, ("content", "message"), "finish_reason") for each in candidates if isinstance(each, dict)]
    if isinstance(output, list):
        return output
    if isinstance(answer.get("message"), dict):
        return [answer["message"]]
    if isinstance(answer.get("content"), list) and "stop_reason" in answer:
        return [{"role": answer.get("role"), "content": answer["content"]}]
    return None


def _choice(choice: Mapping[str, Any], names: Iterable[str], reason: str) -> Message:
    """One of several answers: the message, and why it ended."""
    inner = next((choice[name] for name in names if isinstance(choice.get(name), dict)), None)
    message = dict(inner) if inner else {"content": choice.get("text")}
    ended = choice.get(reason) or choice.get("finishReason")
    return message | ({"finish_reason": ended} if ended else {})


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Id, model, fingerprint, tier and usage of an answer."""
    usage = next((answer[name] for name in _USAGE if isinstance(answer.get(name), dict)), None)
    return {
        "response_id": _first(answer, _ID),
        "response_model": _first(answer, _MODEL),
        "system_fingerprint": _first(answer, ("system_fingerprint",)),
        "service_tier": _first(answer, ("service_tier",)),
        **(usage_told(usage, by_provider=True) if usage else {}),
    }


def _of_langchain(answer: Mapping[str, Any]) -> dict[str, Any]:
    """LangChain's result: ``generations``, a list for each prompt, with the message and what the provider said of it."""
    batches = [batch if isinstance(batch, list) else [batch] for batch in answer["generations"]]
    generations = [each for batch in batches for each in batch if isinstance(each, dict)]
    told: dict[str, Any] = {}
    said: list[Any] = []
    for generation in generations:
        message = generation.get("message")
        data = _object(message, "kwargs") or _object(message, "data") or _object(generation, "message")
        facts = _object(generation, "generation_info") | _object(data, "response_metadata")
        ended = _first(facts, ("finish_reason", "stop_reason", "finishReason"))
        said.append(message if isinstance(message, dict) else generation.get("text"))
        told |= _without_nothing({"finish_reasons": texts(ended)}) | _without_nothing(_facts(facts))
        told |= usage_told(data.get("usage_metadata"))
        if failure := _object(_object(facts, "body"), "error").get("message"):
            told["error_message"] = as_text(failure)
    output = answer.get("llm_output")
    if isinstance(output, dict):
        told = _without_nothing(_facts(output)) | told
    messages = [message for message in messages_from_value(said, "assistant") or () if message["parts"]]
    return told | ({"output_messages": messages} if messages else {})


def _object(told: Any, name: str) -> dict[str, Any]:
    """What lies under a name where that is an object; empty otherwise."""
    inner = told.get(name) if isinstance(told, dict) else None
    return inner if isinstance(inner, dict) else {}


def _first(told: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return next((value for name in names if isinstance(value := told.get(name), str) and value), None)


def _without_nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in told.items() if value is not None}
