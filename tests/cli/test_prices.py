"""Own prices by the command line, in a real database."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from command import called, spanglass
from own_prices import own

from spanglass_store.connection import Store
from spanglass_store.prices import OwnPrice, all_prices, block_from_prices, price_from_row
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span, Usage

FILE = """
[[prices]]
model = "llama-*"
input_usd = 0.20
output_usd = 0.60

[[prices]]
model = "llama-8b"
project = "shop"
starts = 2026-11-01
input_usd = 0.05
output_usd = 0.10
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(FILE)
    return path


def stored(store: Store) -> list[OwnPrice]:
    return [price_from_row(row) for row in store.fetch_rows(all_prices())]


@pytest.mark.parametrize(
    "command", ["prices", *(f"prices {each}" for each in ("list", "check", "apply", "remove", "unknown")), "reprice"]
)
def test_each_command_explains_itself(command: str) -> None:
    done = called(*command.split(), "--help")
    assert done.returncode == 0
    assert f"Usage: spanglass {command}" in done.stdout


def test_a_file_is_checked_without_a_database(file: Path) -> None:
    done = spanglass("prices", "check", file)
    assert done.stdout.splitlines() == [
        "+ llama-*: Input $0.20 · Output $0.60 for a million tokens",
        "+ llama-8b, project shop, from 2026-11-01: Input $0.05 · Output $0.10 for a million tokens",
        "2 new",
    ]
    file.write_text(FILE.replace("0.60", '"0.60"'))
    refused = spanglass("prices", "check", file)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"spanglass: the prices in {file} cannot be used:",
        "  line 5, output_usd: '0.60' is no amount. Write US dollars as a number, such as 0.25, without quotes.",
    ]


@pytest.mark.parametrize(("content", "told"), [(None, "No such file or directory"), (b"\xff", "it is no UTF-8 text")])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "odd.toml"
    if content is not None:
        path.write_bytes(content)
    done = called("prices", "check", path)
    assert (done.returncode, done.stderr) == (1, f"spanglass: the file {path} cannot be read: {told}\n")


@pytest.mark.clickhouse
def test_prices_are_applied_listed_and_removed(store: Store, store_url: str, file: Path) -> None:
    here = {"SPANGLASS_CLICKHOUSE_URL": store_url}
    assert "no own prices yet" in called("prices", "list", **here).stdout
    preview = called("prices", "apply", file, "--dry-run", **here)
    assert preview.stdout.splitlines()[-1] == "2 new"
    assert stored(store) == []
    applied = called("prices", "apply", file, **here)
    assert applied.stdout == preview.stdout
    assert "spanglass reprice" in applied.stderr
    assert [(p.model, p.project, p.input_usd) for p in stored(store)] == [
        ("llama-*", "", Decimal("0.2")),
        ("llama-8b", "shop", Decimal("0.05")),
    ]
    assert called("prices", "apply", file, **here).stdout == "2 unchanged\n"

    listed = called("prices", "list", **here).stdout.splitlines()
    assert [line.split()[1:6] for line in listed[1:]] == [
        ["llama-*", "any", "all", "in", "force"],
        ["llama-8b", "any", "shop", "2026-11-01", "in"],
    ]
    assert len(called("prices", "list", "--project", "house", **here).stdout.splitlines()) == 2
    file.write_text(called("prices", "list", "--toml", **here).stdout)
    assert called("prices", "apply", file, "--prune", **here).stdout == "2 unchanged\n"

    nobody = called("prices", "remove", "00000000", **here)
    assert nobody.stderr == "spanglass: there is no own price '00000000': `spanglass prices list` shows all\n"
    removed = called("prices", "remove", listed[1].split()[0], **here)
    assert removed.stdout == "removed llama-*\n"
    assert [price.model for price in stored(store)] == ["llama-8b"]

    file.write_text(FILE.partition('[[prices]]\nmodel = "llama-8b"')[0])
    assert called("prices", "apply", file, "--prune", **here).stdout.splitlines()[-1] == "1 new, 1 removed"
    assert [price.model for price in stored(store)] == ["llama-*"]


@pytest.mark.clickhouse
def test_models_without_a_price_are_listed(store: Store, store_url: str) -> None:
    now_ns = time.time_ns()
    call = Span("shop", "ab" * 16, "01" * 8, "", now_ns, now_ns, "chat", "llm", "ok", provider="vllm",
                request_model="llama-8b", usage=Usage(1000, 100))  # fmt: skip
    spans = [
        call,
        replace(call, span_id="02" * 8, sampling_weight=4.0),
        replace(call, span_id="03" * 8, usage=Usage()),
        replace(call, span_id="04" * 8, project="house", response_model="qwen", usage=Usage(9_000_000, 100)),
        replace(call, span_id="05" * 8, usage_counted=False),
        replace(call, span_id="06" * 8, status="error"),
        replace(call, span_id="07" * 8, kind="agent"),
        replace(call, span_id="08" * 8, start_ns=now_ns - 40 * 86_400 * 10**9),
    ]
    here = {"SPANGLASS_CLICKHOUSE_URL": store_url}
    assert called("prices", "unknown", **here).stdout == "every call of the last 30 days has a cost\n"
    store.insert(block_from_spans(spans), token="spans")
    _, qwen, llama = called("prices", "unknown", **here).stdout.splitlines()
    assert qwen.split()[:7] == ["qwen", "vllm", "house", "1", "0", "9.00", "M"]
    assert llama.split()[:7] == ["llama-8b", "vllm", "shop", "6", "1", "5,000", "500"]
    of_shop = called("prices", "unknown", "--project", "shop", "--days", "60", **here).stdout.splitlines()
    assert [line.split()[:4] for line in of_shop[1:]] == [["llama-8b", "vllm", "shop", "7"]]


@pytest.mark.clickhouse
def test_a_price_that_is_over_says_so(store: Store, store_url: str) -> None:
    prices = [own("a", "2020-01-01", ends="2021-01-01"), own("a", "2022-01-01"), own("a", "2023-01-01")]
    store.insert(block_from_prices(prices, version=1), token="1")
    listed = called("prices", "list", SPANGLASS_CLICKHOUSE_URL=store_url).stdout
    assert [word for word in listed.split() if word in {"ended", "superseded", "force"}] == [
        "ended",
        "superseded",
        "force",
    ]
