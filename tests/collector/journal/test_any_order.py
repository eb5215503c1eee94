"""Any order of put, lease, insert, acknowledge, split, take out, set aside, put back, restart, ``kill -9``, power cut,
full disk and refused syncs: what was acknowledged is in the database once, or set aside.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future

import pytest
from collector.journal.shaky_disk import ShakyDisk
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from spanglass_collector.errors import Busy
from spanglass_collector.journal import journal, set_aside
from spanglass_collector.journal.group import Group
from spanglass_collector.queue import Queue
from spanglass_store.native import Block

PLACES = ("duplicate", "rejected", "queued", "stored", "set_aside")
SEGMENT_BYTES = 800
RESERVE_BYTES = 256


def names_in(block: Block) -> list[str]:
    return block.body.decode().strip("<>").split("><")


class AnyOrder(RuleBasedStateMachine):
    """``acknowledged``: names of rows whose sender was told that they are kept. ``unsure``: whose sender was told to try
    again. ``stored``: what the database has, by the token it came with; the same token again is the same insert.
    """

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(journal, "RESERVE_BYTES", RESERVE_BYTES)
        self.disk = ShakyDisk()
        self._door = self.disk.in_use()
        self._door.__enter__()
        self.names = 0
        self.acknowledged: set[str] = set()
        self.unsure: set[str] = set()
        self.digests: dict[str, str] = {}
        self.stored: dict[str, list[str]] = {}
        self.group: Group | None = None
        self.contested: list[Group] = []
        self.claims = 0

    @initialize()
    def begin(self) -> None:
        self.open()

    def open(self) -> None:
        self.queue = Queue.open(self.disk.directory, max_bytes=10**6, segment_bytes=SEGMENT_BYTES)

    # --- in and out -------------------------------------------------------------------------------------

    @rule(
        bodies=st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=3),
        table=st.sampled_from(["spans", "scores"]),
        length=st.integers(0, 200),
    )
    def put(self, bodies: list[int | None], table: str, length: int) -> None:
        """One write for all of them; the same body is the same digest."""
        asked = []
        with self.queue._writer.together():
            for body in bodies:
                name = f"{table}{self.names}".ljust(length, ".")
                self.names += 1
                digest = "" if body is None else f"{table}{body}"
                block = Block(table, f"<{name}>".encode(), 1)
                asked.append((name, digest, self.queue.submit(block, digest=digest.encode() or None)))
        for name, digest, result in asked:
            self._answered(name, digest, result)

    def _answered(self, name: str, digest: str, result: Future) -> None:
        first = self.digests.get(digest)
        try:
            is_new = result.result()
        except Busy:
            self.unsure.add(name)
            if digest and first is None:
                self.digests[digest] = name
            return
        if is_new:
            assert first not in self.acknowledged
            self.acknowledged.add(name)
            if digest:
                self.digests[digest] = name
        else:
            assert first is not None
            assert first in self.acknowledged | self.unsure
            self.acknowledged.add(first)  # what was refused had come to the disk after all

    @rule(max_rows=st.integers(1, 4))
    def lease(self, max_rows: int) -> None:
        try:
            group = self.queue.lease(max_rows=max_rows, max_bytes=10**6)
        except Busy:
            return
        assert self.group in {None, group}
        self.group = group

    @precondition(lambda self: self.group is not None)
    @rule()
    def insert(self) -> None:
        names = names_in(self.group.block)
        assert self.stored.setdefault(self.group.group_id, names) == names

    @precondition(lambda self: self.group is not None and self.group.group_id in self.stored)
    @rule()
    def acknowledge(self) -> None:
        self._settle(self.queue.ack)

    @precondition(lambda self: self.group is not None and self.group.group_id not in self.stored)
    @rule()
    def refuse(self) -> None:
        """The database will never take it."""
        if self.group.items > 1:
            self._settle(self.queue.split)
        else:
            self._settle(lambda group: self.queue.set_aside(group, "why"))

    @precondition(lambda self: self.group is not None and self.group.group_id not in self.stored)
    @rule(place=st.integers(0, 3))
    def take_out(self, place: int) -> None:
        """Another collector may be storing it."""
        if self.group.group_id.startswith("claim-"):
            self.queue.put_off(self.group)
            self.contested.append(self.group)
            self.group = None
            return
        self.claims += 1
        try:
            left, taken = self.queue.take_out(self.group, {place % self.group.items: f"claim-{self.claims}"})
        except Busy:
            return
        self.contested += taken
        self.group = left

    @precondition(lambda self: self.contested)
    @rule(is_duplicate=st.booleans())
    def settle_contested(self, is_duplicate: bool) -> None:
        """It is stored: by the other one, or by this one."""
        group = self.contested[0]
        self.stored.setdefault(group.group_id, names_in(group.block))
        try:
            self.queue.ack(group, "duplicate" if is_duplicate else "stored")
        except Busy:
            return
        self.contested.pop(0)

    def _settle(self, how) -> None:
        try:
            how(self.group)
        except Busy:
            return
        self.group = None

    @rule()
    def put_back(self) -> None:
        for path in set_aside.aside(self.disk.directory):
            set_aside.ask_back(path)
        try:
            self.queue.take_back()
        except Busy:
            return

    # --- trouble ----------------------------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        self.queue.close()
        self._heal()
        self.open()
        self.group, self.contested = None, []

    @rule(kept=st.floats(0, 1))
    def die(self, kept: float) -> None:
        """``kill -9`` at 1, else a power cut."""
        after = self.disk.die(kept=kept)
        self.queue.close()
        self.disk.move_to(after)
        self._heal()
        self.open()
        self.group, self.contested = None, []

    @rule(room=st.integers(0, 600))
    def fill_the_disk(self, room: int) -> None:
        self.disk.capacity_bytes = self.disk.used_bytes + room

    @rule(times=st.integers(1, 3))
    def refuse_syncs(self, times: int) -> None:
        self.disk.refused_syncs = times

    @rule()
    def heal(self) -> None:
        self._heal()

    def _heal(self) -> None:
        self.disk.capacity_bytes, self.disk.refused_syncs = None, 0

    # --- what holds -------------------------------------------------------------------------------------

    @invariant()
    def the_ledger_adds_up(self) -> None:
        if not hasattr(self, "queue"):
            return
        tables = self.queue.ledger().result()
        for counters in tables.values():
            assert counters["received"] == sum(counters[name] for name in PLACES)
        assert self.queue.waiting_rows == sum(counters["queued"] for counters in tables.values())
        in_hands = sum(group.block.rows for group in self.contested)
        assert self.queue.leasable_rows == self.queue.waiting_rows - in_hands

    def teardown(self) -> None:
        if hasattr(self, "queue"):
            self._heal()
            self.queue.take_back()
            for group in self.contested:
                self.stored.setdefault(group.group_id, names_in(group.block))
                self.queue.ack(group)
            while group := self.queue.lease(max_rows=3, max_bytes=10**6):
                self.stored.setdefault(group.group_id, names_in(group.block))
                self.queue.ack(group)
            aside = [
                name for path in set_aside.aside(self.disk.directory) for name in names_in(set_aside.read(path).block)
            ]
            found = Counter([*aside, *(name for names in self.stored.values() for name in names)])
            self.queue.close()
            assert found.keys() >= self.acknowledged
            assert found.keys() <= self.acknowledged | self.unsure
            assert set(found.values()) <= {1}
            assert not list(self.disk.directory.rglob("damaged"))
        self._door.__exit__(None, None, None)
        self.patch.undo()
        self.disk.remove()


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
