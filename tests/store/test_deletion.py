"""What is deleted is gone: from every table, index and file, whatever ends early and whatever comes late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from store.life import ANN, BOB, DAY_NS, ELSEWHERE, NOW_NS, SHARED, TOLD_BY_RECORD, fill, left, span

from spanglass_store import deletion
from spanglass_store.connection import Store
from spanglass_store.deletion import Deletion, Doomed, all_deletions, deletion_from_row
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.erasure import count, doomed_by, erase, erase_again, remember, wait_for_files
from spanglass_store.mutations import MutationFailed, carry_out
from spanglass_store.queries.mutations import Mutation
from spanglass_store.query import Query
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores

pytestmark = pytest.mark.clickhouse


def one(store: Store, sql: str) -> int:
    return int(next(iter(store.fetch_rows(Query("one", sql))[0].values())))


def files_with(word: str, folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file() and word.encode() in file.read_bytes())


def noted(store: Store) -> set[tuple[str, str]]:
    found = map(deletion_from_row, store.fetch_rows(all_deletions("shop")))
    return {(each.subject, each.value) for each in found}


def test_of_a_user_go_whole_traces_and_own_sessions_from_every_file(
    store: Store, clickhouse: EmbeddedClickHouse
) -> None:
    for table, column in (("spans", "input"), ("spans", "output"), ("scores", "comment"), ("annotations", "text")):
        store.execute(f"ALTER TABLE {table} MODIFY COLUMN {column} String CODEC(NONE)")  # else no file shows a word
    store.execute("ALTER TABLE spans ADD PROJECTION by_user (SELECT user_id, count() GROUP BY user_id)")
    secret = fill(store)
    store.execute("ALTER TABLE spans MATERIALIZE PROJECTION by_user SETTINGS mutations_sync = 2")
    data = clickhouse.home.data_path
    assert {file.name for file in files_with(secret, data)} >= {"data.bin"}
    doomed = doomed_by(store, "shop", "user", ["ann"])
    assert set(doomed.traces) == {ANN, SHARED, TOLD_BY_RECORD}
    assert doomed.sessions == ("hers",)
    counts = {"spans": 4, "span_details": 1, "scores": 2, "annotations": 2}
    assert count(store, doomed) == counts
    assert left(store, "spans") == {"1", "2", "3", "5", "6", "7"}  # looking changes nothing

    told: list[tuple[int, int]] = []
    assert erase(store, doomed, lambda done, total: told.append((done, total))) == counts
    assert told[0] == (0, told[-1][1])
    assert told[-1][0] == told[-1][1]
    assert left(store, "spans") == {"5", "6"}
    assert left(store, "span_details") == {BOB}
    assert left(store, "scores") == {"of both", "of bob"}
    assert left(store, "annotations") == {"on bob"}
    assert left(store, "spans", "house") == {"9"}
    assert left(store, "scores", "house") == {"of her trace"}

    search = f"SELECT count() FROM spans WHERE hasAllTokens(lower(input), '{secret}')"
    assert one(store, search) == 0
    by_user = "SELECT count() FROM spans WHERE user_id = 'ann' GROUP BY user_id SETTINGS "
    assert one(store, by_user + "force_optimize_projection = 1") == 1  # that of the other project
    assert one(store, by_user + "optimize_use_projections = 0") == 1
    assert wait_for_files(store, timeout_seconds=30)
    assert list(files_with(secret, data)) == []
    assert count(store, doomed) == dict.fromkeys(counts, 0)


def test_what_arrives_late_goes_too_and_what_is_new_stays(store: Store) -> None:
    fill(store)
    doomed = doomed_by(store, "shop", "user", ["ann"])
    remember(store, doomed, "user", ["ann"], at_ns=NOW_NS + 1)
    assert noted(store) == {
        ("user", "ann"), ("session", "hers"), ("trace", ANN), ("trace", SHARED), ("trace", TOLD_BY_RECORD),
    }  # fmt: skip
    assert left(store, "spans") == {"1", "2", "3", "5", "6", "7"}
    assert sum(erase_again(store).values()) == 9  # the command ended before it began
    assert left(store, "spans") == {"5", "6"}

    late = [
        span(ANN, 20, output="of a trace that is gone, without a name"),
        span("f" * 32, 21, user_id="ann", at_ns=NOW_NS - 9 * DAY_NS, input="from a spool"),
        span("f" * 32, 22, at_ns=NOW_NS - 9 * DAY_NS, input="beside it"),
        span("9" * 32, 23, user_id="ann", at_ns=NOW_NS + 1, input="she is back"),
        span("8" * 32, 25, session_id="hers", at_ns=NOW_NS - 1, input="her session"),
    ]
    store.insert(block_from_spans(late), token="late")
    scores = [
        Score("shop", at, "good", NOW_NS + by, session_id="hers", value=1.0) for at, by in (("old", -1), ("new", 1))
    ]
    store.insert(block_from_scores(scores), token="late scores")
    removed = erase_again(store)
    assert (removed["spans"], removed["scores"]) == (4, 1)
    assert left(store, "spans") == {"5", "6", f"{23:x}"}
    assert left(store, "scores") == {"of both", "of bob", "new"}
    assert ("trace", "f" * 32) in noted(store)
    assert sum(erase_again(store).values()) == 0


def test_of_a_session_and_of_traces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    both = doomed_by(store, "shop", "session", ["both"])
    assert set(both.traces) == {SHARED, BOB}
    assert erase(store, both)["scores"] == 2
    assert left(store, "spans") == {"1", "2", "7"}
    assert left(store, "scores") == {"of her trace", "of her session"}
    nothing = dict.fromkeys(deletion.TABLES, 0)
    assert count(store, doomed_by(store, "shop", "user", ["nobody"])) == nothing
    assert erase(store, doomed_by(store, "house", "session", ["both"])) == nothing
    assert count(store, Doomed("house", (ANN,))) == nothing  # a trace of another project

    monkeypatch.setattr(deletion, "MAX_IDS_BYTES", 1)  # a statement for each
    begun = one(store, "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = 'spans'")
    traces = doomed_by(store, "shop", "trace", [ANN, TOLD_BY_RECORD, ELSEWHERE])
    assert erase(store, traces)["spans"] == 3
    assert left(store, "spans") == set()
    assert left(store, "spans", "house") == {"9"}
    monkeypatch.undo()
    many = [f"{number:032x}" for number in range(1, 3_000)]
    late = [span(trace_id, 2 * number + 1) for number, trace_id in enumerate(many)]
    store.insert(block_from_spans(late), token="many")
    done = one(store, "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = 'spans'")
    assert done - begun == 2
    assert erase(store, doomed_by(store, "shop", "trace", many))["spans"] == len(
        many
    )  # more than one statement can hold
    assert left(store, "spans") == set()


def test_the_same_again_is_remembered_from_the_later_time(store: Store) -> None:
    doomed = Doomed("shop", (ANN,))
    remember(store, doomed, "user", ["ann"], at_ns=NOW_NS + 2)
    remember(store, doomed, "user", ["ann"], at_ns=NOW_NS + 1)
    found = [deletion_from_row(row) for row in store.fetch_rows(all_deletions())]
    assert [(each.subject, each.value, each.at_ns) for each in found] == [
        ("trace", ANN, NOW_NS + 2),
        ("user", "ann", NOW_NS + 2),
    ]
    assert replace(found[0], deletion_id="x") == Deletion("shop", "trace", ANN, "x", NOW_NS + 2)


def test_what_the_database_cannot_do_is_told_and_given_up(store: Store) -> None:
    fill(store)
    statement = "ALTER TABLE spans DELETE WHERE throwIf(user_id = 'bob', 'not bob') = 1 AND 'mark_1' != '' SETTINGS mutations_sync = 0"
    with pytest.raises(MutationFailed, match="not bob"):
        carry_out(store, [Mutation("spans", "mark_1", Query("impossible", statement))], patience_seconds=0)
    assert one(store, "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done") == 0
    assert left(store, "spans") == {"1", "2", "3", "5", "6", "7"}
