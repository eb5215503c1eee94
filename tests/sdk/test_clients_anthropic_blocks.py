"""Blocks of content, as Anthropic's own package sends and gets them -> parts in OpenTelemetry's words."""

from __future__ import annotations

import json

from sdk.anthropic_script import ASKED, MESSAGE, TOOL_USE, Json, client_of, said, the_call
from sdk.scripted import answer, scripted

from spanglass import semconv
from spanglass.testing import Captured


def test_every_kind_of_block_has_its_part(seen: Captured) -> None:
    blocks: list[tuple[Json, Json]] = [
        (
            {"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "content": "look"},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}},
            {"type": "uri", "modality": "image", "uri": "https://x.test/a.png"},
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "file", "modality": "image", "file_id": "file_1"},
        ),
        (
            {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "page"}},
            {"type": "text", "content": "page", "name": "T"},
        ),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "a" * 100_004}},
            {"type": "blob", "modality": "document", "mime_type": "application/pdf", "size_bytes": 75_003},
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "in"}]}},
            {"type": "text", "content": "in"},
        ),
        (
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "5"}]},
            {"type": "tool_call_response", "id": "t1", "response": "5"},
        ),
        (
            {"type": "tool_result", "tool_use_id": "t2", "content": "no", "is_error": True},
            {"type": "tool_call_response", "id": "t2", "response": "no", "is_error": True},
        ),
        ({"type": "new_kind", "what": 1}, {"type": "new_kind", "what": 1}),
    ]
    asked = {**ASKED, "messages": [{"role": "user", "content": [block for block, _ in blocks]}]}
    with scripted(answer(MESSAGE)) as server, client_of(server) as client:
        client.messages.create(**asked)
    (message,) = json.loads(the_call(seen).attributes[semconv.INPUT_MESSAGES])
    assert message["parts"] == [part for _, part in blocks]


def test_thinking_tools_of_the_server_and_citations_are_told_without_what_is_encrypted(seen: Captured) -> None:
    found = {"type": "web_search_result", "title": "T", "url": "https://x.test", "encrypted_content": "…"}
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZW5j"},
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "sky"}},
        {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [found]},
        {
            "type": "text",
            "text": "So.",
            "citations": [{"type": "char_location", "cited_text": "c", "document_index": 0}],
        },
    ]
    with scripted(answer({**MESSAGE, "content": content})) as server, client_of(server) as client:
        client.messages.create(**ASKED)
    thought, hidden, call, result, text = said(the_call(seen))
    assert thought == {"type": "reasoning", "content": "Hm."}
    assert hidden == {"type": "reasoning", "content": "", "redacted": True}
    assert call == {"type": "tool_call", "id": "srv_1", "name": "web_search", "arguments": {"query": "sky"}}
    assert result["response"] == [
        {"type": "web_search_result", "title": "T", "url": "https://x.test", "page_age": None}
    ]
    assert (text["content"], text["citations"][0]["cited_text"]) == ("So.", "c")


def test_an_answer_given_back_as_input_is_read_like_any_message(seen: Captured) -> None:
    with scripted(answer({**MESSAGE, "content": [TOOL_USE]})) as server, client_of(server) as client:
        first = client.messages.create(**ASKED)
        client.messages.create(**{**ASKED, "messages": [{"role": "assistant", "content": first.content}]})
    (message,) = json.loads(seen.spans[1].attributes[semconv.INPUT_MESSAGES])
    assert message["parts"] == [{"type": "tool_call", "id": "toolu_1", "name": "add", "arguments": {"a": 1, "b": 2}}]


def test_messages_from_an_iterator_are_sent_and_recorded(seen: Captured) -> None:
    with scripted(answer(MESSAGE)) as server, client_of(server) as client:
        client.messages.create(**{**ASKED, "messages": iter(ASKED["messages"])})
        assert server.bodies()[0]["messages"] == ASKED["messages"]
    assert "Why blue?" in the_call(seen).attributes[semconv.INPUT_MESSAGES]
