"""What a queue knows: the sum of its records, whether they were just written or are read again after a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spanglass_collector.journal import kinds
from spanglass_collector.journal.backlog import Backlog, Item
from spanglass_collector.journal.digests import Digests
from spanglass_collector.journal.journal import Journal
from spanglass_collector.journal.record import Buffer, Record
from spanglass_collector.journal.segment import Segment
from spanglass_collector.ledger import Ledger

log = logging.getLogger(__name__)


@dataclass(slots=True)
class State:
    """``next_number`` is that of the next item, ``now_ns`` the latest time that was seen, which never goes back.

    ``returned``: items put aside that were put back, by the number they had.
    """

    digests: Digests
    backlog: Backlog = field(default_factory=Backlog)
    ledger: Ledger = field(default_factory=Ledger)
    next_number: int = 1
    now_ns: int = 0
    returned: set[int] = field(default_factory=set)

    def recover(self, journal: Journal) -> None:
        """Everything the journal says. Raises OSError."""
        for segment, found in journal.recovered():
            self.apply(found.record, segment, found.body_at)
        for table, missing in self.ledger.balance(self.backlog.queued).items():
            log.error("the ledger of %s was out by %d records and is put right", table, missing)

    def apply(self, record: Record, segment: Segment, body_at: int) -> None:
        """Take one record in."""
        _APPLY[record.kind](self, record.facts, segment, body_at, record.body)

    def knows(self, digest: bytes) -> bool:
        """Whether this body came within the hour, or waits."""
        return digest in self.digests or digest in self.backlog.digests

    def head(self) -> Record:
        """What the next segment begins with."""
        facts = {"ledger": self.ledger.counted(), "next": self.next_number, "at": self.now_ns}
        return Record(kinds.HEAD, facts)

    def _head(self, facts: Mapping[str, Any], *_: object) -> None:
        self.ledger.restore(facts["ledger"])
        self.next_number = max(self.next_number, facts["next"])
        self.now_ns = max(self.now_ns, facts["at"])

    def _item(self, facts: Mapping[str, Any], segment: Segment, body_at: int, body: Buffer) -> None:
        number, table, rows, rejected = facts["n"], facts["t"], facts["r"], facts["x"]
        digest = bytes.fromhex(facts["d"])
        self.next_number = max(self.next_number, number + 1)
        self.now_ns = max(self.now_ns, facts["at"])
        if digest:
            self.digests.add(digest, facts["at"])
            segment.digests += digest
            segment.latest_ns = facts["at"]
        if "back" in facts:
            self.returned.add(facts["back"])
            self.ledger.add(table, set_aside=-rows)
        elif rows + rejected:
            self.ledger.add(table, received=rows + rejected, rejected=rejected)
        if rows:
            cuts = bytes.fromhex(facts.get("c", ""))
            item = Item(number, table, rows, len(body), digest, segment, body_at, facts["at"], cuts)
            self.backlog.add(item, body)

    def _again(self, facts: Mapping[str, Any], *_: object) -> None:
        self.ledger.add(facts["t"], received=facts["r"], duplicate=facts["r"])

    def _groups(self, facts: Mapping[str, Any], *_: object) -> None:
        for group_id, runs in facts["groups"]:
            self.backlog.group(group_id, (number for first, last in runs for number in range(first, last + 1)))

    def _settle(self, facts: Mapping[str, Any], *_: object) -> None:
        self.ledger.add(facts["t"], **{facts["fate"]: facts["r"]})
        self.backlog.settle(facts["group"])

    def _nothing(self, *_: object) -> None:
        pass


_APPLY: Final[Mapping[str, Callable[[State, Mapping[str, Any], Segment, int, Buffer], None]]] = {
    kinds.HEAD: State._head,  # noqa: SLF001  (its own table)
    kinds.ITEM: State._item,  # noqa: SLF001
    kinds.AGAIN: State._again,  # noqa: SLF001
    kinds.GROUPS: State._groups,  # noqa: SLF001
    kinds.SETTLE: State._settle,  # noqa: SLF001
    kinds.PROBE: State._nothing,  # noqa: SLF001
}
