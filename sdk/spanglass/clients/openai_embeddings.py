"""OpenAI's embeddings: request and answer -> the attributes of a span. Pure. The vectors themselves are not recorded."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from spanglass import semconv
from spanglass.clients import facts, parts
from spanglass.clients.models import plain
from spanglass.usage import usage_attributes

Json = dict[str, Any]

_FLOAT_BYTES: Final = 4


def embedding_request(sent: Json) -> Json:
    """Of the keyword arguments of ``embeddings.create``."""
    told = facts.request(
        model=sent.get("model"),
        parameters={
            name: value
            for name, value in sent.items()
            if name not in {"input", "model", "dimensions", "encoding_format"}
        },
        messages=_asked(sent.get("input")),
    )
    if (dimensions := facts.whole(sent.get("dimensions"))) is not None:
        told[semconv.EMBEDDING_DIMENSIONS] = dimensions
    if isinstance(sent.get("encoding_format"), str):
        told[semconv.REQUEST_ENCODING_FORMATS] = [sent["encoding_format"]]
    return told


def embedding_response(answer: Json) -> Json:
    """How many vectors of which length, and the tokens that were read."""
    told = {
        semconv.RESPONSE_MODEL: answer.get("model"),
        semconv.EMBEDDING_DIMENSIONS: answer.get("dimensions"),
        semconv.EMBEDDING_COUNT: answer.get("vectors"),
    }
    usage = {
        name: count for name, count in usage_attributes(answer.get("usage")).items() if name != semconv.OUTPUT_TOKENS
    }
    return facts.response(told, usage=usage)


def embedding_values(answer: Any, content: bool) -> Json:  # noqa: ARG001  vectors are not recorded either way
    """Of a ``CreateEmbeddingResponse``: model, usage, number and length of the vectors."""
    data = getattr(answer, "data", None) or ()
    return {
        "model": getattr(answer, "model", None),
        "usage": plain(getattr(answer, "usage", None)),
        "vectors": len(data),
        "dimensions": _length(data[0]) if data else None,
    }


def _length(embedding: Any) -> int | None:
    """Of a list of numbers, or of 32-bit floats in base64."""
    vector = embedding.get("embedding") if isinstance(embedding, dict) else getattr(embedding, "embedding", None)
    if not isinstance(vector, str):
        return None if vector is None else len(vector)
    try:
        return len(base64.b64decode(vector)) // _FLOAT_BYTES
    except binascii.Error:
        return None


def _asked(given: object) -> list[Json]:
    """Texts are a part each; of tokens only how many they are."""
    match given:
        case str():
            said = [parts.text(given)]
        case [int(), *_]:
            said = [_tokens(given)]
        case list():
            said = [parts.text(item) if isinstance(item, str) else _tokens(item) for item in given]
        case _:
            said = []
    return [{"role": "user", "parts": said}] if said else []


def _tokens(given: object) -> Json:
    return {"type": "tokens", "count": len(given) if isinstance(given, list) else 1}
