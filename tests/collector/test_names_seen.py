from __future__ import annotations

import time
from typing import Any

import pytest
from collector.wire import body_of, wire_span

from spanglass_collector.decode import Decoded, WireSpan, decode
from spanglass_collector.names_seen import AGAIN_SECONDS, MAX_GROUPS, MAX_NAME_CHARACTERS, NamesSeen
from spanglass_store import attribute_names
from spanglass_store.attribute_names import VERDICTS, AttributeName
from spanglass_store.connection import Store
from spanglass_store.errors import StoreUnavailable
from spanglass_store.native import Block
from spanglass_store.query import Window

NOW_NS = time.time_ns() // 10**9 * 10**9
"""Names that were not seen for a month are gone: it must be about now."""
SHOP = {"resource": {"service.name": "shop"}, "scope_name": "s", "scope_version": "1"}


class Names:
    """What is seen, with a clock and a database that may be away."""

    def __init__(self) -> None:
        self.now_seconds = 1000.0
        self.is_away = False
        self.written: list[Block] = []
        self.seen = NamesSeen(self._insert, clock=lambda: NOW_NS, monotonic=lambda: self.now_seconds)

    def _insert(self, block: Block) -> None:
        if self.is_away:
            msg = "away"
            raise StoreUnavailable(msg)
        self.written.append(block)

    def look(self, *spans: WireSpan, project: str = "p") -> int:
        """How many rows are written after a look at one request."""
        self.seen.look(project, decode(body_of(*spans)))
        self.seen.write()
        written, self.written = self.written, []
        return sum(block.rows for block in written)


@pytest.fixture
def names() -> Names:
    return Names()


def span(**attributes: Any) -> WireSpan:
    return wire_span(attributes=attributes, **SHOP)


def test_a_shape_is_looked_at_once_in_a_while(names: Names) -> None:
    assert names.look(span(a=1, b=2)) == 2
    assert names.look(span(a=3, b=4)) == 0
    assert names.look(span(a=1, b=2), project="other") == 2
    assert names.look(span(a=1, c=2)) == 2
    names.now_seconds += AGAIN_SECONDS
    assert names.look(span(a=1, b=2)) == 2


def test_what_could_not_be_written_is_written_later(names: Names) -> None:
    names.is_away = True
    assert names.look(span(a=1)) == 0
    names.is_away = False
    assert names.look(span(b=1)) == 2


def test_many_shapes_cost_no_more_than_a_few_and_all_have_their_turn(names: Names) -> None:
    spans = [span(**{f"a{n}": 1}) for n in range(3 * MAX_GROUPS)]
    found = [names.look(*spans) for _ in range(60)]
    assert max(found) <= 2 * MAX_GROUPS
    assert sum(found) == 3 * MAX_GROUPS


def test_absurd_names_are_left_out_and_nothing_is_raised(names: Names) -> None:
    assert names.look(span(**{"x" * (MAX_NAME_CHARACTERS + 1): 1})) == 0
    names.seen.look("p", Decoded((), (None,), ()))  # type: ignore[arg-type]


@pytest.mark.clickhouse
def test_the_latest_look_is_read_back(store: Store) -> None:
    def name(name: str, verdict: str, at_ms: int, **told: str) -> AttributeName:
        facts = {
            "service": "shop",
            "scope_name": "s",
            "scope_version": "1",
            "field": "",
            "dialect": "",
            "won_by": "",
        } | told
        return AttributeName(project="p", name=name, verdict=verdict, last_seen_ms=at_ms, **facts)

    old, new = NOW_NS // 10**6, NOW_NS // 10**6 + 1000
    rows = [
        name("b", "ignored", old),
        name("a", "understood", old, field="provider", dialect="gen_ai"),
        name("a", "understood", new, field="provider", dialect="other", scope_version="2"),
        name("a", "contradictory", new, field="kind", dialect="gen_ai", won_by="c"),
    ]
    store.insert(attribute_names.block_from_names(rows[:2]), token="old")
    store.insert(attribute_names.block_from_names(rows[2:]), token="new")
    found = store.fetch(attribute_names.seen("p", Window(NOW_NS, NOW_NS + 2 * 10**9)))
    assert list(zip(found["name"], found["verdict"], found["dialect"], found["scope_version"], strict=True)) == [
        ("a", "contradictory", "gen_ai", "1"), ("a", "understood", "other", "2"), ("b", "ignored", "", "1"),
    ]  # fmt: skip
    assert set(found["verdict"]) == set(VERDICTS)
    assert store.fetch(attribute_names.seen("p", Window(NOW_NS + 10**9, NOW_NS + 2 * 10**9)))["name"].tolist() == [
        "a",
        "a",
    ]
    assert store.fetch(attribute_names.seen("another", Window(0, 2 * NOW_NS))).empty
