"""`spanglass delete` and `spanglass retention`: they say what goes before it goes, and it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import called
from store.life import ANN, BOB, DAY_NS, NOW_NS, SHARED, TOLD_BY_RECORD, fill, left, span

from spanglass_store.connection import Store
from spanglass_store.deletion import all_deletions
from spanglass_store.rows import block_from_spans

COUNTS = "spans: 4, span details: 1, scores: 2, annotations: 2"


@pytest.mark.parametrize("command", ["delete", "retention", "retention show", "retention set"])
def test_each_command_explains_itself(command: str) -> None:
    done = called(*command.split(), "--help")
    assert done.returncode == 0
    assert f"Usage: spanglass {command}" in done.stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "say what to delete by one of --user, --session and --trace"),
        (["--user", "a", "--trace", ANN], "say what to delete by one of --user, --session and --trace"),
        (["--session", ""], "an empty id names no session"),
        (["--trace", "abc"], "'abc' is no trace id: 32 hex digits"),
        (["--trace", "0" * 32], f"'{'0' * 32}' is no trace id: 32 hex digits"),
    ],
)
def test_what_is_not_clear_is_refused(options: list[str], reason: str) -> None:
    done = called("delete", "--project", "shop", *options)
    assert (done.returncode, done.stderr) == (1, f"spanglass: {reason}\n")


@pytest.mark.clickhouse
def test_a_user_is_counted_exported_and_deleted(store: Store, store_url: str, tmp_path: Path) -> None:
    secret = fill(store)
    here = {"SPANGLASS_CLICKHOUSE_URL": store_url}
    asked = ("delete", "--project", "shop", "--user", "ann", "--user", "ann")
    file = tmp_path / "ann.jsonl"
    looked = called(*asked, "--dry-run", "--export", file, **here)
    assert looked.stdout == f"traces: 3; sessions with their own scores and notes: 1; {COUNTS}\n"
    assert not file.exists()
    refused = called(*asked, **here)
    assert refused.stderr == "spanglass: nothing is written without being asked: add --yes, or --dry-run\n"
    assert left(store, "spans") == {"1", "2", "3", "5", "6", "7"}

    done = called(*asked, "--yes", "--export", file, "--wait", **here)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        f"9 records are in {file}",
        f"deleted ({COUNTS}). What arrives of it within thirty days goes as well",
        "no file on disk holds it any more",
    ]
    assert left(store, "spans") == {"5", "6"}
    assert len(store.fetch_rows(all_deletions("shop"))) == 5
    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [record["table"] for record in records] == ["spans"] * 4 + ["span_details"] + ["scores"] * 2 + [
        "annotations"
    ] * 2
    assert {record["trace_id"] for record in records if record["table"] == "spans"} == {ANN, SHARED, TOLD_BY_RECORD}
    assert sum(secret in json.dumps(record) for record in records) == 9
    assert {record["start_ns"] for record in records[:4]} == {str(NOW_NS), str(NOW_NS - DAY_NS)}

    again = called("delete", "--project", "shop", "--trace", BOB.upper(), "--yes", "--export", file, **here)
    assert again.stderr == f"spanglass: {file} is there already: nothing was written or deleted\n"
    assert left(store, "spans") == {"5", "6"}
    store.execute("ALTER TABLE spans MODIFY SETTING old_parts_lifetime = 480")  # as on a server
    last = called("delete", "--project", "shop", "--trace", BOB.upper(), "--yes", **here)
    assert last.stdout.splitlines()[-1].startswith("the replaced files are on disk for some minutes more")
    assert left(store, "spans") == set()


@pytest.mark.clickhouse
def test_a_retention_says_what_it_removes_and_does(store: Store, store_url: str) -> None:
    here = {"SPANGLASS_CLICKHOUSE_URL": store_url}
    assert called("retention", "show", **here).stdout == "there is no data yet, and no project has a retention\n"
    fill(store)
    old = [span("7" * 32, number, at_ns=NOW_NS - 40 * DAY_NS) for number in (31, 32)]
    store.insert(block_from_spans(old), token="old")
    shown = called("retention", "show", **here).stdout.splitlines()
    assert shown[0].split("  ")[0] == "project"
    assert [line.split()[:3] for line in shown[1:]] == [["house", "for", "ever"], ["shop", "for", "ever"]]

    looked = called("retention", "set", "shop", "30", "--dry-run", **here)
    assert looked.stdout.startswith("this removes 2 spans: everything from ")
    assert called("retention", "set", "shop", "30", **here).returncode == 1
    assert left(store, "spans") >= {"1f", "20"}
    done = called("retention", "set", "shop", "30", "--yes", **here)
    assert done.stdout.splitlines()[-1] == (
        "shop is kept for 30 days; 17 stored rows were adjusted. Collectors know within a minute"
    )
    assert left(store, "spans") == {"1", "2", "3", "5", "6", "7"}
    shown = called("retention", "show", **here).stdout.splitlines()
    assert shown[2].split()[:7] == ["shop", "for", "30", "days", shown[2].split()[4], "6", "2"]
    nothing = called("retention", "set", "shop", "60", "--dry-run", **here)
    assert nothing.stdout == "this removes nothing that is stored now\n"
    beyond = called("retention", "set", "shop", "10001", **here)
    assert beyond.stderr == "spanglass: data stays from 1 to 10000 days; 0 keeps it for ever\n"
