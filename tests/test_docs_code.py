"""The Python on the pages is Python, and that of the page about the SDK does what the page says."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sdk.servers import Json, Sink, collecting, providing

from spanglass import semconv
from spanglass.runtime import Receipt
from spanglass.settings import table
from spanglass.stats import Stats

ROOT = Path(__file__).parent.parent
SDK_PAGE = ROOT / "docs" / "sdk.md"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def program(page: Path) -> str:
    """The blocks of a page below each other, each where it stands on the page: an error names its line."""
    text = page.read_text()
    code = [""] * text.count("\n")
    for found in BLOCK.finditer(text):
        lines = found[1].splitlines()
        first = text.count("\n", 0, found.start(1))
        code[first : first + len(lines)] = lines
    return "\n".join(code)


@pytest.mark.parametrize(
    "page", sorted(page.relative_to(ROOT).as_posix() for page in PAGES if BLOCK.search(page.read_text()))
)
def test_every_block_is_python(page: str) -> None:
    compile(program(ROOT / page), page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Sink]]:
    """What the page about the SDK prints, run as a program of its own, and the collector it has sent to."""
    own = ("SPANGLASS_", "OTEL_")
    with collecting() as sink, providing() as provider:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(own)},
            "SPANGLASS_ENDPOINT": sink.url,
            "SPANGLASS_SPOOL_DIR": str(tmp_path_factory.mktemp("spool")),
            "SPANGLASS_RAISE_ERRORS": "1",
            "SPANGLASS_EXIT_TIMEOUT_SECONDS": "20",
            "OPENAI_BASE_URL": f"{provider.url}/v1",
            "OPENAI_API_KEY": "k",
        }
        page = tmp_path_factory.mktemp("page") / "sdk.py"
        page.write_text(program(SDK_PAGE))
        done = subprocess.run(
            [sys.executable, page], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield done.stdout, sink


def named(sink: Sink, name: str) -> list[Json]:
    return [span for span in sink.spans() if span["name"] == name]


def below(sink: Sink, name: str) -> list[str]:
    """Names of the spans right below the only one of this name."""
    (above,) = named(sink, name)
    return sorted(span["name"] for span in sink.spans() if span["parent_span_id"] == above["span_id"])


def test_the_page_prints_what_it_says(told: tuple[str, Sink]) -> None:
    printed, _ = told
    assert printed.lstrip().startswith("Receipt(sent=1, spooled=0, dropped=0, pending=0)\nStats(spans_ended=")
    assert "Receipt(sent=1, spooled=0, dropped=0, pending=0)" in SDK_PAGE.read_text()


def test_each_span_of_the_page_is_where_the_page_says(told: tuple[str, Sink]) -> None:
    _, sink = told
    assert below(sink, "turn") == ["Cart.add", "search"]
    assert below(sink, "batch") == ["search", "search"]
    assert below(sink, "order") == ["search"]
    assert below(sink, "night") == ["print"]
    assert below(sink, "publish") == ["search"]
    assert {span["status"] for span in sink.spans()} == {0}


def test_what_the_page_tells_is_recorded(told: tuple[str, Sink]) -> None:
    _, sink = told
    (by_hand,) = named(sink, "chat my-model")
    assert by_hand["attributes"][semconv.REQUEST_MODEL] == "my-model"
    assert by_hand["attributes"][semconv.INPUT_TOKENS] == 12
    assert by_hand["attributes"][semconv.COST_USD] == 0.0002
    assert named(sink, "chat gpt-4o-mini")[0]["attributes"][semconv.OUTPUT_TOKENS] == 45
    facts = [span["attributes"] for span in named(sink, "answer") if semconv.USER_ID in span["attributes"]]
    assert [(each[semconv.USER_ID], each[semconv.PROMPT_NAME], each[semconv.PROMPT_VERSION]) for each in facts] == [
        ("ann", "support", "3")
    ]
    assert {semconv.OUTPUT in span["attributes"] for span in named(sink, "search")} == {False}


def test_scores_of_the_page_belong_to_their_trace(told: tuple[str, Sink]) -> None:
    _, sink = told
    (reply,) = named(sink, "reply")
    assert {(score["name"], score["value"], score["trace_id"]) for score in sink.scores()} == {
        ("on topic", True, reply["trace_id"]),
        ("user_feedback", True, reply["trace_id"]),
        ("accuracy", 0.8, reply["trace_id"]),
    }


@pytest.mark.parametrize("names", [Stats._fields, Receipt._fields])
def test_every_counter_is_explained(names: Sequence[str]) -> None:
    page = SDK_PAGE.read_text()
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_setting_that_the_pages_name_is_one() -> None:
    known = {name for row in table() for name in row.env}
    page = SDK_PAGE.read_text()
    assert set(re.findall(r"SPANGLASS_[A-Z_]+", page)) <= known
    ends = set(re.findall(r"…(_[A-Z_]+)", page))
    assert {end for end in ends if not any(name.endswith(end) for name in known)} == set()


def test_the_bounds_of_the_page_are_those_of_the_settings() -> None:
    page = SDK_PAGE.read_text()
    default = {row.name: row.default for row in table()}
    for name, words in {
        "max_queue_spans": "{:,} spans",
        "max_batch_spans": "{} spans",
        "exit_timeout_seconds": "{:.0f} s (`SPANGLASS_EXIT",
    }.items():
        assert words.format(default[name]) in page
    for name in ("max_queue_bytes", "max_spool_bytes", "max_batch_bytes"):
        assert f"{default[name] // 1_000_000} MB" in page
