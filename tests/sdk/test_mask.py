"""Masking: what is found, what is left alone, and that nothing leaves when it goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass import mask, semconv
from spanglass.mask_exempt import EXEMPT
from spanglass.mask_patterns import BUILT_IN


def masking(*patterns: str, paths: tuple[str, ...] = (), hook: mask.Hook | None = None, key: str = "") -> mask.Mask:
    made = mask.from_settings(patterns, paths, hook, key)
    assert made is not None
    return made


def masked(made: mask.Mask, attributes: Mapping[str, Any]) -> dict[str, Any]:
    told, failed = made.attributes(attributes)
    assert not failed
    return told


def test_without_rules_there_is_no_mask() -> None:
    assert mask.from_settings([], [], None, "key") is None


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a."])
def test_a_path_that_is_none_is_told_at_once(path: str) -> None:
    with pytest.raises(ValueError, match="no path of keys"):
        mask.from_settings([], [path], None)


def test_a_hook_that_is_no_function_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="must be a function"):
        mask.from_settings([], [], "redact")  # type: ignore[arg-type]


CALL = {
    semconv.SPAN_KIND: "llm",
    semconv.REQUEST_MODEL: "ada@models.org",
    semconv.SERVER_ADDRESS: "10.0.0.1",
    semconv.INPUT_TOKENS: 4111111111111111,
    semconv.REQUEST_PREFIX + "seed": 4111111111111111,
    semconv.SESSION_ID: "s@s.org",
    semconv.USER_ID: "ada@x.org",
    semconv.TAGS: ["a", "by ada@x.org"],
    semconv.METADATA_PREFIX + "card": 4111111111111111,
    semconv.METADATA_PREFIX + "beta": True,
    semconv.INPUT_MESSAGES: orjson.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "I am ada@x.org\n4111111111111111"}]}]
    ).decode(),
    "their.list": ("ada@x.org", 3),
    "their.bytes": b"\xff ada@x.org",
    "their.map": {"ada@x.org": ["bob@x.org", None, 1.5]},
}


def test_patterns_reach_every_text_and_spare_ids_models_and_figures() -> None:
    told = masked(masking("email", "credit_card", "ip"), CALL)
    spared = (
        semconv.SPAN_KIND,
        semconv.REQUEST_MODEL,
        semconv.SERVER_ADDRESS,
        semconv.INPUT_TOKENS,
        semconv.SESSION_ID,
    )
    assert {name: told[name] for name in spared} == {name: CALL[name] for name in spared}
    assert told[semconv.REQUEST_PREFIX + "seed"] == 4111111111111111
    assert told[semconv.USER_ID] == "[masked:email]"
    assert told[semconv.TAGS] == ["a", "by [masked:email]"]
    assert told[semconv.METADATA_PREFIX + "card"] == "[masked:credit_card]"
    assert told[semconv.METADATA_PREFIX + "beta"] is True
    (message,) = json.loads(told[semconv.INPUT_MESSAGES])
    assert message["parts"][0]["content"] == "I am [masked:email]\n[masked:credit_card]"
    assert told["their.list"] == ("[masked:email]", 3)
    assert told["their.bytes"] == b"\xff [masked:email]"
    assert told["their.map"] == {"[masked:email]": ["[masked:email]", None, 1.5]}
    assert list(told) == list(CALL)


def test_json_in_json_and_numbers_in_json_are_reached() -> None:
    arguments = json.dumps({"to": "a\u0040b.org", "n": 4111111111111111})
    told = masked(masking("email", "credit_card"), {"x": json.dumps({"arguments": arguments})})
    inner = json.loads(json.loads(told["x"])["arguments"])
    assert inner == {"to": "[masked:email]", "n": "[masked:credit_card]"}


@pytest.mark.parametrize("said", ['{ "a" : 1.50,  "b": [NaN] }', "[1, 2", "{not json} at all", "plain", "", "[]"])
def test_a_text_in_which_nothing_is_found_stays_to_the_letter(said: str) -> None:
    assert masked(masking("email", paths=("*.password",)), {"x": said}) == {"x": said}


PATHS = [
    ("spanglass.metadata.email", {"spanglass.metadata.email": "e", "email": "f"}, {"spanglass.metadata.email"}),
    ("*.email", {"spanglass.metadata.email": "e", "Email": "f", "emails": "g"}, {"spanglass.metadata.email", "Email"}),
    ("spanglass.metadata.*", {"spanglass.metadata.a": "e", "spanglass.metadata.b.c": 3, "spanglass.tags": ["t"]},
     {"spanglass.metadata.a", "spanglass.metadata.b.c"}),
    ("*.pass*", {"a.passport": "e", "a.bypass": "f"}, {"a.passport"}),
    ("gen_ai.request.model", {"gen_ai.request.model": "m", "gen_ai.response.model": "m"}, {"gen_ai.request.model"}),
    ("*.model", {"gen_ai.request.model": "m", "their.model": "m"}, {"their.model"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "attributes", "hidden"), PATHS)
def test_a_path_matches_names_of_attributes(path: str, attributes: dict[str, Any], hidden: set[str]) -> None:
    told = masked(masking(paths=(path,)), attributes)
    assert {name for name, value in told.items() if value == "[masked]"} == hidden
    assert {name: value for name, value in told.items() if name not in hidden} == {
        name: value for name, value in attributes.items() if name not in hidden
    }


def inside(path: str, value: object) -> object:
    told = masked(masking(paths=(path,)), {semconv.INPUT: json.dumps(value)})[semconv.INPUT]
    return told if told == "[masked]" else json.loads(told)


def test_a_path_matches_keys_inside_json() -> None:
    login = {"user": {"name": "ada", "Password": ["x"]}, "items": [{"password": None}, {"id": 1}]}
    hidden = {"user": {"name": "ada", "Password": "[masked]"}, "items": [{"password": "[masked]"}, {"id": 1}]}
    assert inside("*.password", login) == hidden
    assert inside("password", login) == hidden
    assert inside("spanglass.input.user.name", login)["user"]["name"] == "[masked]"  # type: ignore[index]
    assert inside("items.1", login)["items"][1] == "[masked]"  # type: ignore[index]
    assert inside("items.*.id", login) == {**login, "items": [{"password": None}, {"id": "[masked]"}]}
    assert inside("user.*.password", login) == login
    assert inside("spanglass.input", login) == "[masked]"


def test_the_content_of_messages_in_both_shapes() -> None:
    made = masking(paths=("messages.*.content",))
    plain = {"messages": [{"role": "user", "content": "secret"}]}
    parts = [{"role": "user", "parts": [{"type": "text", "content": "secret"}]}]
    told = masked(made, {semconv.INPUT: json.dumps(plain), semconv.INPUT_MESSAGES: json.dumps(parts)})
    assert json.loads(told[semconv.INPUT]) == {"messages": [{"role": "user", "content": "[masked]"}]}
    assert json.loads(told[semconv.INPUT_MESSAGES])[0] == {
        "role": "user",
        "parts": [{"type": "text", "content": "[masked]"}],
    }


@pytest.mark.parametrize(
    "said", ['{"a": 1, "password": "hunter2…[9 more characters]', "{'a': 1, 'password': 'hunter2'}"]
)
def test_where_a_path_finds_no_way_in_the_whole_is_masked(said: str) -> None:
    assert masked(masking(paths=("*.password",)), {"x": said}) == {"x": "[masked]"}
    assert masked(masking(paths=("*.secret",)), {"x": said}) == {"x": said}


def test_with_a_key_equal_values_have_equal_marks() -> None:
    made = masking("email", paths=("*.pin",), key="k")
    digits = hmac.new(b"k", b"ada@x.org", hashlib.sha256).hexdigest()[:8]
    assert made.text("from ada@x.org to bob@x.org").startswith(f"from [masked:email:{digits}] to [masked:email:")
    assert made.text("bob@x.org") != made.text("ada@x.org")
    assert masking("email", key="other").text("ada@x.org") != made.text("ada@x.org")
    told = masked(made, {"a.pin": 1, "b.pin": "1", "c.pin": 2})
    assert told["a.pin"] == told["b.pin"] != told["c.pin"]


def test_the_hook_is_asked_first_with_parsed_values_and_the_rules_hold_for_its_answer() -> None:
    asked: dict[str, Any] = {}

    def hook(name: str, value: Any) -> object:
        asked[name] = orjson.loads(orjson.dumps(value))
        if name == "drop":
            return None
        if isinstance(value, dict):
            value["added"] = "ada@x.org"  # in place
        if isinstance(value, list):
            value.append("b")
        return value

    tags = ["a"]
    attributes = {"x": '{"b": 1}', "y": "plain", "drop": "me", semconv.TAGS: tags, semconv.REQUEST_MODEL: "m", "n": 3}
    told = masked(masking("email", hook=hook), attributes)
    assert asked == {"x": {"b": 1}, "y": "plain", "drop": "me", semconv.TAGS: ["a"], "n": 3}
    assert told == {
        "x": '{"b":1,"added":"[masked:email]"}',
        "y": "plain",
        semconv.TAGS: ["a", "b"],
        semconv.REQUEST_MODEL: "m",
        "n": 3,
    }
    assert tags == ["a"]  # the span's own, which other exporters read too


@pytest.mark.parametrize(
    ("value", "answer", "sent"),
    [
        ("text", {"a": 1}, '{"a":1}'),
        ("text", ["a"], '["a"]'),
        ('{"a": 1}', "text", "text"),
        (["a"], ["b", "c"], ["b", "c"]),
        (["a"], [{"b": 1}], '[{"b":1}]'),
        ("text", 3, 3),
        (b"\xff", b"\xfe", b"\xfe"),
    ],
)
def test_what_a_hook_answers_is_sent_as_an_attribute_can_be(value: object, answer: object, sent: object) -> None:
    assert masked(masking(hook=lambda _name, _value: answer), {"x": value}) == {"x": sent}


def broken(_name: str, value: object) -> object:
    message = f"no way with {value}"
    raise RuntimeError(message)


@pytest.mark.parametrize(
    "hook", [broken, lambda _n, _v: object(), lambda _n, _v: 2**70, lambda _n, _v: {1: 2}, lambda _n, _v: "\ud800"]
)
def test_when_masking_goes_wrong_content_is_dropped_and_figures_stay(
    hook: mask.Hook, caplog: pytest.LogCaptureFixture
) -> None:
    made = masking(hook=hook)
    told, failed = made.attributes(CALL)
    assert failed
    assert told == {
        **{name: CALL[name] for name in CALL if name in EXEMPT},
        semconv.INPUT_TOKENS: CALL[semconv.INPUT_TOKENS],
        semconv.REQUEST_PREFIX + "seed": CALL[semconv.REQUEST_PREFIX + "seed"],
        semconv.CONTENT_DROPPED: True,
    }
    assert made.text("ada@x.org") == ""
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "masking failed with" in caplog.text
    assert "ada@x.org" not in caplog.text


def test_too_deep_to_walk_is_dropped_too() -> None:
    deep = "[" * 5_000 + '"ada@x.org"' + "]" * 5_000
    told, failed = masking("email").attributes({"x": deep, semconv.RESPONSE_ID: "r"})
    assert (told, failed) == ({semconv.RESPONSE_ID: "r", semconv.CONTENT_DROPPED: True}, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def planted(value: Any, secret: str) -> Any:
    """The same shape with a secret in each text and under each key."""
    match value:
        case str():
            return f"{value} {secret} {value}"
        case list():
            return [*(planted(item, secret) for item in value), secret]
        case dict():
            return {**{key: planted(item, secret) for key, item in value.items()}, "more": [secret]}
        case _:
            return value


@given(
    value=JSON, name=st.sampled_from([semconv.INPUT, semconv.INPUT_MESSAGES, semconv.METADATA_PREFIX + "m", "their"])
)
def test_no_secret_comes_out_wherever_it_stands(value: Any, name: str) -> None:
    secret = "ada.lovelace@analytical.org"
    attributes = {name: orjson.dumps([planted(value, secret)]).decode(), "plain": planted(str(value), secret)}
    told, failed = masking(*BUILT_IN).attributes(attributes)
    assert not failed
    assert secret not in repr(told)
    json.loads(told[name])


@given(
    attributes=st.dictionaries(st.text(max_size=10), JSON.map(lambda value: orjson.dumps(value).decode()), max_size=4)
)
def test_rules_that_find_nothing_change_nothing(attributes: dict[str, str]) -> None:
    made = masking("(?P<never>a{40}b{40})", paths=("no.such.key.anywhere",))
    assert masked(made, attributes) == attributes
