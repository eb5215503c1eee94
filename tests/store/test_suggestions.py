"""Values of fields, and attributes, that are there to be chosen: on the real engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from store.listed import PROJECT, SPANS, WINDOW

from spanglass_store.connection import Store
from spanglass_store.queries import attributes, facets
from spanglass_store.query import FIELDS, Filters
from spanglass_store.span import Span

NOT_FIELDS_OF_A_SPAN: dict[str, Callable[[Span], Iterable[str]]] = {
    "model": lambda s: [s.response_model or s.request_model],
    "tag": lambda s: s.tags,
}


def counted(field: str, spans: Iterable[Span] = SPANS) -> dict[str, int]:
    values = NOT_FIELDS_OF_A_SPAN.get(field, lambda span: [getattr(span, field)])
    found = Counter(value for span in spans for value in values(span))
    del found[""]
    return dict(found)


NOTHING = Filters()


def asked(store: Store, filters: Filters = NOTHING, **more: object) -> dict[str, dict[str, int]]:
    rows = store.fetch_rows(facets.all_values(PROJECT, WINDOW, filters, limit=1000, **more))  # type: ignore[arg-type]
    fields: dict[str, dict[str, int]] = {}
    for row in rows:
        fields.setdefault(row["field"], {})[row["value"]] = row["count"]
    return fields


@pytest.mark.clickhouse
def test_the_values_of_all_fields_in_one_read(lists: Store) -> None:
    told = asked(lists)
    assert told == {field: values for field in FIELDS if (values := counted(field))}
    assert list(told) == [field for field in FIELDS if field in told]
    for values in told.values():
        assert list(values.items()) == sorted(values.items(), key=lambda item: (-item[1], item[0]))


@pytest.mark.clickhouse
def test_a_field_that_is_filtered_by_still_offers_its_other_values(lists: Store) -> None:
    told = asked(lists, Filters.of(service=["shop"], tag=["a"]), fields=["service", "kind", "tag"])
    tagged = [span for span in SPANS if "a" in span.tags]
    shop = [span for span in SPANS if span.service == "shop"]
    assert told == {
        "service": counted("service", tagged),
        "kind": counted("kind", [span for span in tagged if span.service == "shop"]),
        "tag": counted("tag", shop),
    }


@pytest.mark.clickhouse
def test_a_list_that_is_shortened_says_how_many_there_are(lists: Store) -> None:
    query = facets.all_values(PROJECT, WINDOW, Filters(), fields=["user_id", "kind"], limit=2)
    told = [(row["field"], row["distinct_values"]) for row in lists.fetch_rows(query)]
    assert told == [("user_id", len(counted("user_id")))] * 2 + [("kind", len(counted("kind")))] * 2
    assert lists.fetch_rows(facets.values(PROJECT, WINDOW, "kind", limit=2)).cut
    assert not lists.fetch_rows(facets.values(PROJECT, WINDOW, "kind", limit=9)).cut


@pytest.mark.clickhouse
def test_what_is_typed_narrows_the_values(lists: Store) -> None:
    told = asked(lists, contains="OT")
    assert told == {"service": {"bot": counted("service")["bot"]}}
    rows = lists.fetch_rows(
        facets.values(PROJECT, WINDOW, "name", filters=Filters.of(name=["x"], kind=["llm"]), contains="M 1")
    )
    assert [dict(row) for row in rows] == [{"value": "llm 1", "count": sum(span.name == "llm 1" for span in SPANS)}]


@pytest.mark.clickhouse
def test_attributes_that_are_there_and_their_values(lists: Store) -> None:
    rows = lists.fetch_rows(attributes.keys(PROJECT, WINDOW, Filters.of(kind=["llm"])))
    llm = [span for span in SPANS if span.kind == "llm"]
    assert {row["key"]: row["count"] for row in rows} == dict.fromkeys(
        ["region", "n", "metadata.plan", "resource.host.name"], len(llm)
    )
    typed = lists.fetch_rows(attributes.keys(PROJECT, WINDOW, Filters(), contains="HOST"))
    assert [row["key"] for row in typed] == ["resource.host.name"]
    for key, value_of in {
        "region": lambda s: s.attributes["region"],
        "attributes.n": lambda s: s.attributes["n"],
        "metadata.plan": lambda s: s.metadata["plan"],
        "resource.host.name": lambda s: s.resource["host.name"],
    }.items():
        found = lists.fetch_rows(attributes.values(PROJECT, WINDOW, Filters(), key))
        assert {row["value"]: row["count"] for row in found} == dict(Counter(map(value_of, SPANS)))
    (one,) = lists.fetch_rows(attributes.values(PROJECT, WINDOW, Filters(), "region", contains="E"))
    assert one["value"] == "eu"
    assert lists.fetch_rows(attributes.values(PROJECT, WINDOW, Filters(), "region", limit=1)).cut
    assert lists.fetch_rows(attributes.values(PROJECT, WINDOW, Filters(), "none")) == []


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown field 'password'"):
        facets.all_values(PROJECT, WINDOW, Filters(), fields=["password"])
