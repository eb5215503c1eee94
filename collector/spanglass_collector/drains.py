"""How a queue of this collector is emptied: its own, or one that it adopted."""

from __future__ import annotations

from dataclasses import dataclass

from spanglass_collector.claims import Claims, Patience
from spanglass_collector.delivery import Delivery
from spanglass_collector.drain import Drain, Pace
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_collector.services import store_problem
from spanglass_collector.settings import Settings
from spanglass_store.claims import IDENTITY, absent, presence
from spanglass_store.connection import Store
from spanglass_store.errors import QueryTooExpensive, StoreError, StoreUnavailable
from spanglass_store.layout import layout
from spanglass_store.native import Block


@dataclass(frozen=True, slots=True)
class Drains:
    """Makes drains that insert into one database, by one collector's settings."""

    settings: Settings
    store: Store
    metrics: Metrics

    def drain_of(self, queue: Queue) -> Drain:
        """A drain of this queue, not started."""
        s = self.settings
        claims = None
        if s.claims:
            claims = Claims(self.store, queue.identity, Patience(s.claim_patience_seconds))
        timeout_seconds = claims.patience.insert_seconds if claims else None

        def insert(block: Block, token: str) -> None:
            self.store.insert(block, token=token, timeout_seconds=timeout_seconds)

        def insert_absent(block: Block, token: str) -> None:
            if block.table not in IDENTITY:
                insert(block, token)  # its rows replace one another
                return
            try:
                self.store.insert_from(absent(block), token=token, timeout_seconds=timeout_seconds)
            except StoreError as error:
                raise StoreUnavailable(str(error)) from error  # whatever it is, it is not about the rows

        return Drain(
            queue,
            Delivery(insert, self._lacks_rows, insert_absent),
            ready=lambda: not store_problem(self.store),
            pace=Pace(s.batch_rows, s.batch_bytes, s.linger_seconds, s.retry_max_seconds),
            metrics=self.metrics,
            claims=claims,
        )

    def _lacks_rows(self, block: Block) -> bool:
        """Whether rows of it are not in its table. True where nobody can tell: there, rows replace one another.

        Never with Keeper, which notes a token and its rows in one step, even while the replica asked lacks the rows.
        """
        if block.table not in IDENTITY:
            return True
        try:
            if (cluster := layout(self.store)) and cluster.has_keeper:
                return False
            found = self.store.fetch_rows(presence(block))[0]
            return bool(found["stored"] < found["sent"])
        except QueryTooExpensive:
            return False  # then ClickHouse's word has to do
        except StoreError as error:
            raise StoreUnavailable(str(error)) from error  # whatever it is, it is not about the rows
