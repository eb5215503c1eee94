"""One request, sent to two collectors, is stored once: each says what it means to store, and looks who else does.

Before the first try to insert a group its collector *claims* the digests of its items in ClickHouse, then reads who
else claimed them. Of two collectors that claim the same one, whoever reads last sees the other. So who sees nobody
may insert, within ``Patience.read_is_good_seconds`` of the reading; who sees another takes the item out of the group
and *yields*, and the item goes on in ``contested``. docs/adr/011-queue.md has the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from spanglass_collector.journal.group import Group
from spanglass_store import claims
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError, StoreUnavailable
from spanglass_store.native import Block
from spanglass_store.query import Query

CONTESTED: Final = "claim-"
"""What the id of a contested item's group begins with; the digest follows, so that its token is the same everywhere."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long another collector may take from its reading until its rows are stored."""

    seconds: float

    @property
    def read_is_good_seconds(self) -> float:
        """How long after a reading an insert may begin."""
        return self.seconds / 2

    @property
    def insert_seconds(self) -> float:
        """How long an insert may take."""
        return self.seconds / 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How one request stands: who else claims it (and whether they yielded), and who is to store it, if that was
    said.
    """

    others: Mapping[str, bool]
    decided: str | None

    @property
    def all_yielded(self) -> bool:
        """Nobody else may insert it without a verdict."""
        return all(self.others.values())


@dataclass(frozen=True, slots=True)
class Contest:
    """``lost``: the items that another may be storing, place in the group to the id of a group of its own.

    ``may_be_stored``: by this collector, in a try before.
    """

    lost: Mapping[int, str] = field(default_factory=dict)
    may_be_stored: bool = False


class Claims:
    """The claims of one queue. Everything here blocks and raises StoreUnavailable, never StoreRejected: that is about
    rows, and says nothing of a group.
    """

    def __init__(self, store: Store, collector: str, patience: Patience) -> None:
        self.patience = patience
        self.collector = collector
        self._store = store

    def contest(self, group: Group, *, is_tried: bool) -> Contest:
        """Claim the items of a group, and see which of them must not be inserted with it. ``is_tried``: it was tried.

        What may be stored by an earlier try goes on as long as all others yielded and nobody was named: they store
        nothing, and who gets named from now on first makes sure that it is not stored.
        """
        places = {digest: place for place, digest in enumerate(group.digests) if digest}
        if group.block.table not in claims.IDENTITY or not places:
            return Contest()
        digests = list(places)
        may_be_stored = is_tried or (not group.is_new and self._was_claimed(group.group_id, digests))
        self._claim(digests, group.group_id, yielded=False)
        claimed = {digest: others for digest, others in self._others(digests).items() if others}
        lost = {digest for digest, others in claimed.items() if not (may_be_stored and all(others.values()))}
        if may_be_stored:
            lost |= {digest for digest, name in self._decided(digests).items() if name != self.collector}
        return Contest(
            {places[digest]: CONTESTED + digest.hex() for digest in digests if digest in lost}, may_be_stored
        )

    def yield_(self, groups: Sequence[Group]) -> None:
        """Say of contested items that they will not be inserted without a verdict. Each is in a group of its own by now,
        also on disk: it must not come back into one after a crash.
        """
        self._claim([group.digests[0] for group in groups], CONTESTED, yielded=True)

    def begin(self, group: Group) -> None:
        """Note that a contested item is about to be inserted, for a life after this one."""
        self._claim(group.digests, group.group_id, yielded=True)

    def was_begun(self, group: Group) -> bool:
        """Whether a life before this one came to inserting a contested item."""
        return self._was_claimed(group.group_id, group.digests)

    def standing(self, digest: bytes) -> Standing:
        """How a contested request stands now."""
        return Standing(self._others([digest])[digest], self._decided([digest]).get(digest))

    def decide(self, digest: bytes) -> None:
        """Be the one to store this request, unless another was quicker: ``standing`` tells."""
        block = claims.block_from_verdict(digest, collector=self.collector)
        self._insert(block, f"verdict-{digest.hex()}")

    def is_stored(self, block: Block) -> bool:
        """Whether every row of ``block`` is in its table, whoever stored it."""
        found = self._rows(claims.presence(block))[0]
        return bool(found["sent"] == found["stored"])

    def _claim(self, digests: Sequence[bytes], group_id: str, *, yielded: bool) -> None:
        block = claims.block_from_claims(digests, collector=self.collector, group_id=group_id, yielded=yielded)
        self._insert(block, "")

    def _was_claimed(self, group_id: str, digests: Sequence[bytes]) -> bool:
        return bool(self._rows(claims.own_claims(group_id, digests, collector=self.collector))[0]["claimed"])

    def _others(self, digests: Sequence[bytes]) -> dict[bytes, dict[str, bool]]:
        found: dict[bytes, dict[str, bool]] = {digest: {} for digest in digests}
        for row in self._rows(claims.claims_of_others(digests, collector=self.collector)):
            others = found[bytes.fromhex(row["digest"])]
            others[row["collector"]] = others.get(row["collector"], False) or row["yielded"]
        return found

    def _decided(self, digests: Sequence[bytes]) -> dict[bytes, str]:
        return {bytes.fromhex(row["digest"]): row["collector"] for row in self._rows(claims.verdicts(digests))}

    def _rows(self, query: Query) -> list[dict[str, Any]]:
        try:
            return self._store.fetch_rows(query)
        except StoreError as error:
            raise StoreUnavailable(str(error)) from error

    def _insert(self, block: Block, token: str) -> None:
        try:
            self._store.insert(block, token=token)
        except StoreError as error:
            raise StoreUnavailable(str(error)) from error
