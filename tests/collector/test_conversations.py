from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from collector.strategies import json_texts
from collector.wire import pairs
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.conversations import Conversations, conversations
from spanglass_collector.encoded import Encoded
from spanglass_collector.messages import is_canonical, messages_from_value, messages_text

BEGINS = b"\x0a\x01m\x12"


def column(*told: Any) -> Encoded:
    return Encoded([pair.SerializeToString() for value in told for pair in pairs({"m": value})], BEGINS)


def said(text: str, **more: Any) -> str:
    return json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}], **more}])


message = st.fixed_dictionaries(
    {"role": st.just("user") | st.just(7), "parts": st.lists(st.fixed_dictionaries({"type": st.sampled_from(["text", "blob"]), "content": st.text(max_size=5)}), max_size=2) | st.none()},
    optional={"name": st.text(max_size=3), "finish_reason": st.just("stop") | st.none(), "more": st.just(1)},
)  # fmt: skip


@given(
    st.lists(st.lists(message, max_size=2).map(json.dumps) | json_texts | st.text(max_size=9), min_size=1, max_size=3)
)
def test_they_are_those_that_are_read_one_by_one(told: list[str]) -> None:
    alone = [messages_from_value(value, "user") for value in told]
    together = conversations("user", column(*told))
    if None in alone:
        assert together is None
        return
    assert isinstance(together, Conversations)
    assert list(together.texts) == [messages_text(each or []) for each in alone]
    assert [json.dumps(each) for each in together] == [
        json.dumps(json.loads(messages_text(each or []))) for each in alone
    ]
    assert not together.are_plain or all(is_canonical(each) for one in alone for each in one or [])


def test_what_is_canonical_stays_as_it_was_sent() -> None:
    text = said("Hello?", finish_reason="stop")
    together = conversations("user", column(text))
    assert isinstance(together, Conversations)
    assert together.are_plain
    assert list(together.texts) == [text]


@pytest.mark.parametrize("text", ["Grüße", "\N{WAVING HAND SIGN}", 'he said "no"\n'])
def test_words_can_be_found(text: str) -> None:
    """JSON of ASCII alone would hide them from every search."""
    together = conversations("user", column(said(text)))
    assert isinstance(together, Conversations)
    assert json.loads(together.texts[0])[0]["parts"] == [{"type": "text", "content": text}]
    assert "\\u" not in together.texts[0]


def test_structured_values_are_read_too() -> None:
    read = conversations("assistant", column([{"role": "user", "content": "a"}], "b"))
    assert read == [*map(partial(messages_from_value, role="assistant"), ([{"role": "user", "content": "a"}], "b"))]
