"""The page of dialects: what it counts, what it shows for which choice, in this process and in a real browser."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from dashboard.visits import OpenPage, Visit, words
from playwright.sync_api import expect

from spanglass_dashboard import data
from spanglass_dashboard.name_fates import by_group, chosen, in_order
from spanglass_store.attribute_names import AttributeName, block_from_names
from spanglass_store.connection import Store

EVIL = "![x](https://evil.example/x.png) **loud**"


def names(project: str = "default") -> list[AttributeName]:
    now_ms = time.time_ns() // 1_000_000
    shop, desk = ("shop", "openinference.x", "1.0"), ("desk", "litellm", "")
    told = [
        (shop, "llm.provider", "understood", "provider", "openinference", ""),
        (shop, "llm.provider", "contradictory", "provider", "openinference", "gen_ai.system"),
        (shop, "llm.token_count.total", "ignored", "", "", ""),
        (desk, EVIL, "ignored", "", "", ""),
    ]
    return [AttributeName(project, *group, *fate, now_ms - 60_000) for group, *fate in told]


def frame() -> pd.DataFrame:
    made = [
        (n.service, n.scope_name, n.scope_version, n.name, n.verdict, n.field, n.dialect, n.won_by) for n in names()
    ]
    columns = ["service", "scope_name", "scope_version", "name", "verdict", "field", "dialect", "won_by"]
    return pd.DataFrame(made, columns=columns).assign(last_seen=pd.Timestamp.now(tz="UTC"))


def test_names_are_counted_by_instrumentation_and_fate() -> None:
    counted = by_group(frame())
    assert counted[["service", "scope_name", "scope_version"]].to_numpy().tolist() == [
        ["desk", "litellm", ""], ["shop", "openinference.x", "1.0"],
    ]  # fmt: skip
    assert counted[["understood", "contradictory", "ignored"]].to_numpy().tolist() == [[0, 0, 1], [1, 1, 1]]


def test_what_one_may_do_something_about_comes_first() -> None:
    assert in_order(frame())["verdict"].tolist() == ["contradictory", "ignored", "ignored", "understood"]


@pytest.mark.parametrize(("services", "search", "count"), [
    ((), "", 4), (("desk",), "", 1), ((), "LLM provider", 2), ((), "token shop", 1), ((), "nowhere", 0), ((), "(", 1),
])  # fmt: skip
def test_names_are_found_by_service_and_words(services: tuple[str, ...], search: str, count: int) -> None:
    assert len(chosen(frame(), services=services, search=search)) == count


@pytest.mark.clickhouse
def test_the_page_shows_what_was_seen(open_page: OpenPage, store: Store) -> None:
    assert "Send your first trace" in words(open_page("dialects"))
    store.insert(block_from_names(names()), token="names")
    store.insert(block_from_names(names("another")), token="of another project")
    data.forget()
    app = open_page("dialects")
    assert not app.exception
    groups, shown = app.dataframe
    assert groups.value["service"].tolist() == ["desk", "shop"]
    assert shown.value["name"].tolist() == ["llm.provider", EVIL, "llm.token_count.total", "llm.provider"]
    filtered = open_page("dialects", service="shop", q="token")
    assert filtered.dataframe[1].value["name"].tolist() == ["llm.token_count.total"]


@pytest.mark.clickhouse
@pytest.mark.browser
def test_a_selected_instrumentation_shows_its_names_alone(visit: Visit) -> None:
    visit.house.store.insert(block_from_names(names(visit.project)), token=f"names of {visit.project}")
    page = visit.go("/dialects")
    expect(page.get_by_role("button", name="Ignored 2", exact=True)).to_be_visible()
    table = page.get_by_test_id("stDataFrame").first
    table.get_by_test_id("data-grid-canvas").wait_for()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 50)
    expect(page.get_by_role("button", name="Ignored 1", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Understood 1", exact=True)).to_have_count(0)
