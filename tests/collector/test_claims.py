"""Who may insert which request, asked of the real engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from collector.wire import body_of, wire_span

from spanglass_collector.claims import CONTESTED, Claims, Contest, Patience
from spanglass_collector.journal.group import Group
from spanglass_collector.pipeline import batch_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_store.connection import Store
from spanglass_store.errors import StoreUnavailable
from spanglass_store.native import Block

pytestmark = pytest.mark.clickhouse
DIGESTS = tuple(bytes([number]) * 16 for number in range(3))
PATIENCE = Patience(60.0)

Open = Callable[[str], Queue]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(Queue.open(tmp_path / name, max_bytes=10**6))


def leased(queue: Queue, *, table: str = "spans") -> Group:
    """A new group of three requests."""
    for digest in DIGESTS:
        queue.put(Block(table, b"<row>", 1), digest=digest)
    group = queue.lease(max_rows=10, max_bytes=1000)
    assert group is not None
    return group


def of(queue: Queue, store: Store) -> Claims:
    return Claims(store, queue.identity, PATIENCE)


def test_the_one_who_looks_last_sees_the_other(opened: Open, store: Store) -> None:
    a, b = opened("a"), opened("b")
    one, two = leased(a), leased(b)
    assert of(a, store).contest(one, is_tried=False) == Contest()
    lost = of(b, store).contest(two, is_tried=False)
    assert lost == Contest({place: CONTESTED + digest.hex() for place, digest in enumerate(DIGESTS)})
    assert a.identity != b.identity


def test_two_who_claim_before_either_looks_both_see_the_other(opened: Open, store: Store) -> None:
    a, b = opened("a"), opened("b")
    one, two = leased(a), leased(b)
    of(a, store)._claim(one.digests[:1], one.group_id, yielded=False)
    assert set(of(b, store).contest(two, is_tried=False).lost) == {0}
    assert set(of(a, store).contest(one, is_tried=False).lost) == {0, 1, 2}


def test_what_may_be_stored_goes_on_where_all_others_yielded_and_nobody_was_named(opened: Open, store: Store) -> None:
    a, b = opened("a"), opened("b")
    mine, theirs = of(a, store), of(b, store)
    group = leased(a)
    assert not mine.contest(group, is_tried=False).lost
    contested, taken = b.take_out(leased(b), {0: "claim-0", 1: "claim-1"})
    theirs.contest(contested, is_tried=False)
    for each in taken:
        theirs._claim(each.digests, each.group_id, yielded=False)
    theirs.yield_(taken)
    again = a.lease(max_rows=10, max_bytes=1000)
    assert again is not None
    told = of(a, store).contest(again, is_tried=False)  # as after a restart: the group is no new one
    assert (set(told.lost), told.may_be_stored) == ({2}, True)
    theirs.decide(DIGESTS[1])
    assert set(of(a, store).contest(again, is_tried=False).lost) == {1, 2}


def test_a_group_that_was_never_claimed_was_never_tried(opened: Open, store: Store) -> None:
    a, b = opened("a"), opened("b")
    leased(a)
    again = a.lease(max_rows=10, max_bytes=1000)
    assert again is not None
    of(b, store).contest(leased(b), is_tried=False)
    told = of(a, store).contest(again, is_tried=False)
    assert (set(told.lost), told.may_be_stored) == ({0, 1, 2}, False)


def test_one_is_named_whoever_asks(opened: Open, store: Store) -> None:
    a, b = of(opened("a"), store), of(opened("b"), store)
    b.decide(DIGESTS[0])
    a.decide(DIGESTS[0])
    assert a.standing(DIGESTS[0]).decided == b.standing(DIGESTS[0]).decided == b.collector
    assert a.standing(DIGESTS[1]).decided is None


def test_rows_that_replace_one_another_are_not_claimed(opened: Open, store: Store) -> None:
    of(opened("a"), store).contest(leased(opened("b"), table="scores"), is_tried=False)
    assert of(opened("c"), store).contest(leased(opened("d"), table="scores"), is_tried=False) == Contest()


def test_stored_rows_are_found_also_those_that_have_the_time_of_their_arrival(opened: Open, store: Store) -> None:
    claims = of(opened("a"), store)
    body = body_of(wire_span(), wire_span(start_ns=0, end_ns=0))
    now_ns = time.time_ns()

    def rows(received_ns: int) -> Block:
        return batch_from_body(body, project="p", received_ns=received_ns, prices=GenaiPrices()).rows

    assert not claims.is_stored(rows(now_ns))
    store.insert(rows(now_ns), token="t")
    assert claims.is_stored(rows(now_ns))
    assert claims.is_stored(rows(now_ns + 3000 * 10**9))
    other = batch_from_body(body, project="q", received_ns=now_ns, prices=GenaiPrices()).rows
    assert not claims.is_stored(other)


def test_trouble_with_claims_says_nothing_of_the_rows(opened: Open, store: Store) -> None:
    store.execute("DROP TABLE claims")
    with pytest.raises(StoreUnavailable):
        of(opened("a"), store).contest(leased(opened("b")), is_tried=False)
