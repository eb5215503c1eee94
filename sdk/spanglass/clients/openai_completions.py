"""OpenAI's older completions: a prompt in, texts out -> the same shapes as a chat has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanglass import messages
from spanglass.clients.models import plain
from spanglass.clients.openai_fields import fields

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]


def prompt_request(sent: Json) -> Json:
    """Of the keyword arguments of ``completions.create``; several prompts are several messages."""
    prompt = sent.get("prompt")
    texts = prompt if isinstance(prompt, list) and all(isinstance(each, str) for each in prompt) else [prompt]
    said = [{"role": "user", "content": each if isinstance(each, str) else str(each)} for each in texts if each]
    return messages.request_attributes({**sent, "messages": said} if said else sent)


def text_values(completion: Any, content: bool) -> Json:
    """A ``Completion`` as a chat's answer; without ``content`` only its figures."""
    return text_from_chunks([completion], content)


def text_from_chunks(chunks: Iterable[Any], content: bool) -> Json:
    """The same of the chunks of a stream, which have the shape of an answer. Choices come in the order of their index."""
    told: Json = {}
    choices: dict[int, Json] = {}
    texts: dict[int, list[str]] = {}
    for chunk in map(fields, chunks):
        for name in ("id", "model", "system_fingerprint", "usage"):
            if chunk.get(name) is not None:
                told[name] = plain(chunk[name])
        for choice in map(fields, chunk.get("choices") or ()):
            index = choice.get("index") or 0
            kept = choices.setdefault(index, {"finish_reason": None})
            kept["finish_reason"] = choice.get("finish_reason") or kept["finish_reason"]
            texts.setdefault(index, []).append(choice.get("text") or "")
    for index, kept in choices.items():
        if content:
            kept["message"] = {"role": "assistant", "content": "".join(texts[index])}
    return {**told, "choices": [choices[index] for index in sorted(choices)]}
