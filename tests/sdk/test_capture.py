"""Snapshots: of anything, bounded, valid, and out of reach of later changes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import json
import pathlib
import uuid
from collections import OrderedDict, deque, namedtuple
from types import MappingProxyType

import numpy as np
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.capture import MIN_BYTES, flat_copy, snapshot, text, wire_value

BIG = 1_000_000


class Hostile:
    def __repr__(self) -> str:
        message = "no"
        raise RuntimeError(message)


class Account(pydantic.BaseModel):
    name: str
    password: pydantic.SecretStr
    token: str = pydantic.Field(exclude=True)


@dataclasses.dataclass
class Point:
    x: int
    y: float


Pair = namedtuple("Pair", "left right")  # noqa: PYI024

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.uuids()
    | st.complex_numbers()
    | st.builds(Hostile)
    | st.just(int)
    | st.builds(Point, st.integers(), st.floats())
    | st.builds(object),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(codec=None)) | st.integers() | st.none() | st.floats(), inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=30,
)


def loaded(value: object) -> object:
    taken = snapshot(value, BIG)
    assert isinstance(taken, bytes)
    return json.loads(taken)


@given(anything, st.integers(0, 3_000))
def test_whatever_it_is_the_snapshot_is_valid_and_bounded(value: object, limit: int) -> None:
    taken = snapshot(value, limit)
    assert len(taken) <= max(limit, MIN_BYTES)
    text(taken).encode()
    if isinstance(taken, bytes):
        json.loads(taken)
    else:
        assert isinstance(value, str)


@given(anything)
def test_an_attribute_can_hold_any_value(value: object) -> None:
    match wire_value(value, 500):
        case str() as told:
            assert len(told.encode()) <= 3_000
        case bool() | float():
            pass
        case int() as number:
            assert -(2**63) <= number < 2**63
        case list() as items:
            assert all(isinstance(item, str) for item in items)
        case other:
            pytest.fail(f"{other!r} is no value of an attribute")


@given(st.text())
def test_text_is_kept_as_it_is(value: str) -> None:
    assert snapshot(value, BIG) == value


def test_later_changes_are_not_seen() -> None:
    messages = [{"role": "user", "content": "before"}]
    taken = snapshot(messages, BIG)
    messages[0]["content"] = "after"
    assert json.loads(taken) == [{"role": "user", "content": "before"}]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Point(1, 2.5), {"x": 1, "y": 2.5}),
        (Pair("a", "b"), ["a", "b"]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (deque([1, 2]), [1, 2]),
        ({3}, [3]),
        (b"abc", "<3 bytes>"),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.PurePosixPath("/tmp/x"), "/tmp/x"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (np.float32(1.5), 1.5),
        (np.zeros((2, 3), dtype="float32"), "<ndarray float32 (2, 3)>"),
        (ValueError("x"), "ValueError('x')"),
        (Point, f"<class {Point.__module__}.Point>"),
        ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
        (10**30, str(10**30)),
        (1 << 100_000, "<int of 100001 bits>"),
        (float("nan"), None),
        ({"deep": "\ud800"}, {"deep": "?"}),
        (Hostile(), "<Hostile: unreadable>"),
        ([Hostile(), 1], ["<Hostile: unreadable>", 1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_has_no_word_for_is_described(value: object, told: object) -> None:
    assert loaded(value) == told


def test_a_model_keeps_its_secrets() -> None:
    taken = text(snapshot(Account(name="ada", password=pydantic.SecretStr("pw-1"), token="tk-1"), BIG))
    assert "ada" in taken
    assert "pw-1" not in taken
    assert "tk-1" not in taken


def test_circles_end() -> None:
    circle: dict[str, object] = {"name": "loop"}
    circle["self"] = circle
    assert loaded(circle) == {"name": "loop", "self": "<dict: nested too deep>"}


def test_a_range_of_a_billion_is_not_walked() -> None:
    assert len(snapshot(range(10**9), BIG)) < BIG


def test_too_long_a_list_of_messages_stays_a_list_of_messages() -> None:
    messages = [{"role": "user", "content": "x" * 5_000}, {"role": "user", "content": "short"}]
    taken = json.loads(snapshot(messages, 3_000))
    assert [message["role"] for message in taken] == ["user", "user"]
    assert taken[1]["content"] == "short"
    assert taken[0]["content"].startswith("xxx")
    assert taken[0]["content"].endswith("more characters]")


def test_a_cut_text_says_how_much_is_missing() -> None:
    taken = text(snapshot("y" * 1_000, 100))
    kept = taken.count("y")
    assert taken == "y" * kept + f"…[{1_000 - kept} more characters]"


def test_a_flat_copy_is_out_of_reach() -> None:
    messages = [{"role": "user", "content": "Sky?"}]
    taken = flat_copy({"model": "m", "messages": messages, "temperature": 0.5, "stop": None}, BIG)
    assert taken is not None
    messages[0]["content"] = "Sea?"
    messages.append({"role": "user", "content": "more"})
    assert json.loads(text(taken[0])) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Sky?"}],
        "temperature": 0.5,
        "stop": None,
    }


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Sky?"}]}]},  # a part could be edited
        {"messages": [["user", "Sky?"]]},
        {"messages": ["Sky?"]},
        {"options": {"deep": 1}},
        {"messages": OrderedDict()},
        {"account": Point(1, 2)},
        {"text": "x" * 1000},
        {"messages": [{"role": "x"}] * 10},  # rows take memory too
    ],
)
def test_what_is_not_flat_or_too_long_needs_a_dump(value: dict[str, object]) -> None:
    assert flat_copy(value, 6000) is None


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**63), 2**64 - 1),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(),
            st.lists(st.dictionaries(st.text(max_size=5), st.text(), max_size=3), max_size=3),
        ),
        max_size=5,
    )
)
def test_a_flat_copy_reads_as_a_dump_does(value: dict[str, object]) -> None:
    taken = flat_copy(value, BIG)
    assert taken is not None
    assert text(taken[0]) == text(snapshot(value, BIG))
