"""Prompts, saved views and notes: written, changed, taken away, on the real engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spanglass_store.annotations import (
    Annotation,
    annotation_from_row,
    block_from_annotations,
    latest,
    of_session,
    of_trace,
)
from spanglass_store.connection import Store
from spanglass_store.prompts import Prompt, all_prompts, block_from_prompts, prompt_from_row
from spanglass_store.query import Query
from spanglass_store.saved_views import SavedView, block_from_views, view_from_row, views_for

pytestmark = pytest.mark.clickhouse

MS_NS = 10**6
NOW_NS = 1_790_000_000 * 10**9
TRACE = "0a" * 16


def prompts(store: Store, name: str | None = None) -> list[Prompt]:
    return [prompt_from_row(row) for row in store.fetch_rows(all_prompts("shop", name))]


def notes(store: Store, query: Query) -> list[Annotation]:
    return [annotation_from_row(row) for row in store.fetch_rows(query)]


def test_versions_of_a_prompt_stay_and_labels_move(store: Store) -> None:
    first = Prompt("shop", "answer", "1", "Answer {{question}} as 'Ünï'.", NOW_NS, ("production",), "as it was")
    second = replace(first, version="2", template="Be brief.", created_at_ns=NOW_NS + MS_NS, labels=())
    other = replace(first, name="search", project="shop")
    store.insert(block_from_prompts([first, other, replace(first, project="house")], version=1), token="1")
    store.insert(block_from_prompts([second], version=2), token="2")
    assert prompts(store) == [second, first, other]
    moved = [replace(first, labels=()), replace(second, labels=("production", "latest"))]
    store.insert(block_from_prompts(moved, version=3), token="3")
    store.insert(block_from_prompts([first], version=2), token="came late")
    assert prompts(store, "answer") == [moved[1], moved[0]]
    store.insert(block_from_prompts([], removed=[first, other], version=4), token="4")
    assert prompts(store) == [moved[1]]


def test_views_are_ones_own_and_those_that_are_shared(store: Store) -> None:
    own = SavedView(
        "shop",
        "v1",
        "slow answers",
        "traces",
        "?status=error&search=a%20b",
        "ann",
        is_shared=False,
        created_at_ns=NOW_NS,
    )
    shared = replace(own, view_id="v2", name="all errors", owner="bob", is_shared=True)
    hidden = replace(shared, view_id="v3", is_shared=False)
    elsewhere = replace(shared, view_id="v4", project="house")
    store.insert(block_from_views([own, shared, hidden, elsewhere], version=1), token="1")

    def seen_by(owner: str) -> list[SavedView]:
        return [view_from_row(row) for row in store.fetch_rows(views_for("shop", owner))]

    assert seen_by("ann") == [shared, own]
    renamed = replace(own, name="a new name")
    store.insert(block_from_views([renamed], removed=[shared], version=2), token="2")
    assert seen_by("ann") == [renamed]
    assert seen_by("bob") == [hidden]


def test_notes_are_changed_and_taken_away(store: Store) -> None:
    on_trace = Annotation("shop", "n1", "why twice?", "ann", NOW_NS, trace_id=TRACE, label="bug")
    on_span = replace(on_trace, annotation_id="n2", span_id="00000000000000ff", created_at_ns=NOW_NS + MS_NS, label="")
    on_session = Annotation("shop", "n3", "an angry customer", "bob", NOW_NS + 2 * MS_NS, session_id="s")
    store.insert(block_from_annotations([on_trace, on_span, on_session], version=1), token="1")
    assert notes(store, of_trace("shop", TRACE)) == [on_trace, on_span]
    assert notes(store, of_session("shop", "s")) == [on_session]
    assert notes(store, of_trace("house", TRACE)) == []
    assert notes(store, latest("shop", limit=2)) == [on_session, on_span]
    assert notes(store, latest("shop", label="bug")) == [on_trace]
    changed = replace(on_trace, text="it retried", label="explained")
    store.insert(block_from_annotations([changed], removed=[on_session], version=2), token="2")
    assert notes(store, latest("shop")) == [on_span, changed]
    assert notes(store, latest("shop", label="bug")) == []
