"""OpenAI's embeddings over real HTTP: what was embedded, how many vectors of which length, and no vector."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from sdk.scripted import Scripted, answer, scripted

import spanglass
from sdk import openai_script as script
from spanglass import semconv
from spanglass.testing import Captured

VECTOR = [0.125, -0.5, 0.75]
PACKED = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted(answer(script.embeddings(PACKED, PACKED))) as found:
        yield found


@pytest.fixture
def client(server: Scripted) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0) as made:
        yield spanglass.wrap(made)


def test_texts(client: OpenAI, server: Scripted, seen: Captured) -> None:
    given = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"], dimensions=3)
    assert given.data[1].embedding == VECTOR
    span = seen.span("embeddings text-embedding-3-small")
    assert span.kind == "embedding"
    assert dict(span.attributes) == {
        semconv.SPAN_KIND: "embedding",
        semconv.OPERATION_NAME: "embeddings",
        semconv.PROVIDER_NAME: "openai",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rsplit(":", 1)[1]),
        semconv.REQUEST_MODEL: "text-embedding-3-small",
        semconv.INPUT_MESSAGES: json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": "one"}, {"type": "text", "content": "two"}]}],
            separators=(",", ":"),
        ),
        semconv.RESPONSE_MODEL: "text-embedding-3-small",
        semconv.EMBEDDING_DIMENSIONS: 3,
        semconv.EMBEDDING_COUNT: 2,
        semconv.INPUT_TOKENS: 8,
    }


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("one", [{"type": "text", "content": "one"}]),
        ([5, 6, 7], [{"type": "tokens", "count": 3}]),
        ([[5, 6], [7]], [{"type": "tokens", "count": 2}, {"type": "tokens", "count": 1}]),
    ],
)
def test_other_shapes_of_input(client: OpenAI, seen: Captured, given: Any, parts: Any) -> None:
    client.embeddings.create(model="m", input=given)
    assert json.loads(seen.spans[0].attributes[semconv.INPUT_MESSAGES])[0]["parts"] == parts


@pytest.mark.parametrize(("encoding", "vector"), [("float", VECTOR), ("base64", PACKED)])
def test_an_encoding_asked_for(client: OpenAI, server: Scripted, seen: Captured, encoding: Any, vector: Any) -> None:
    server.replies[0] = answer(script.embeddings(vector))
    client.embeddings.create(model="m", input="one", encoding_format=encoding)
    told = seen.spans[0].attributes
    assert (told[semconv.EMBEDDING_DIMENSIONS], told[semconv.EMBEDDING_COUNT]) == (3, 1)
    assert told[semconv.REQUEST_ENCODING_FORMATS] == [encoding]
    assert not any(each in str(told) for each in ("0.125", PACKED))


def test_content_off(client: OpenAI) -> None:
    with spanglass.testing.captured(capture_content=False) as seen:
        client.embeddings.create(model="m", input="secret")
    assert seen.spans[0].attributes[semconv.INPUT_TOKENS] == 8
    assert "secret" not in str(seen.spans[0].attributes)


def test_async_and_errors(server: Scripted, seen: Captured) -> None:
    async def main() -> None:
        async with AsyncOpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0) as made:
            spanglass.wrap(made)
            await asyncio.gather(*(made.embeddings.create(model=f"m{n}", input="one") for n in range(3)))
            server.replies[0] = answer({"error": {"message": "Down."}}, 500)
            with pytest.raises(openai.InternalServerError):
                await made.embeddings.create(model="m", input="one")

    asyncio.run(main())
    assert sorted(span.name for span in seen.spans[:3]) == ["embeddings m0", "embeddings m1", "embeddings m2"]
    assert (seen.spans[3].error_type, seen.spans[3].attributes[semconv.HTTP_STATUS]) == (
        "openai.InternalServerError",
        500,
    )
