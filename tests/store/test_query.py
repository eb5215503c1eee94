from __future__ import annotations

from dataclasses import asdict

import orjson
import pytest

from spanglass_store.query import Filters, Window, query, spans_where

WINDOW = Window(100, 160)


def test_the_previous_window_ends_where_this_one_starts() -> None:
    assert WINDOW.previous() == Window(40, 100)
    assert WINDOW.previous().duration_ns == WINDOW.duration_ns


def test_filters_are_values_that_hash_and_compare() -> None:
    assert Filters.of(model=["a"], service=[]) == Filters.of(service=(), model=("a",))
    assert hash(Filters.of(model=["a"])) == hash(Filters.of(model=["a"]))
    assert Filters.of(model=["a"]).with_("model", ["b"]).get("model") == ("b",)
    assert Filters.of("words", model=["a"]).with_("model", ()) == Filters.of("words")


def test_narrowing_further_keeps_what_was_there() -> None:
    filters = Filters.of("words", model=["a"]).excluding(user_id=["bot"]).with_attributes({"k": ["v"]})
    changed = filters.with_("model", ["b"])
    assert (changed.excluded, changed.attributes, changed.search) == (
        (("user_id", ("bot",)),),
        (("k", ("v",)),),
        "words",
    )
    assert Filters.from_plain(orjson.loads(orjson.dumps(asdict(filters)))) == filters
    with pytest.raises(ValueError, match="unknown filter"):
        Filters().excluding(password=["x"])


def test_values_are_never_in_the_text() -> None:
    evil = "x' OR 1=1 --"
    filters = Filters.of(search=f'{evil} "{evil}"', user_id=[evil])
    where = spans_where(
        evil, WINDOW, filters.excluding(model=[evil]).with_attributes({evil: [evil], "metadata.x": [evil]})
    )
    assert evil not in where.sql
    assert dict(where.params)["f_user_id"] == (evil,)


def test_a_query_hashes() -> None:
    where = spans_where("p", WINDOW, Filters.of(model=["a", "b"]))
    built = query("q", "SELECT 1\n   FROM spans\n\n", where, limit=3)
    assert built.sql == "SELECT 1\nFROM spans"
    assert hash(built) == hash(query("q", "SELECT 1\nFROM spans", where, limit=3))
