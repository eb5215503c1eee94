"""Which attribute names arrive and what becomes of them, looked at in a sample of the spans while they arrive.

Spans of one shape (project, scope, names) tell the same, so one of them is looked at, and again after a while. What was
seen is written to ClickHouse now and then; if that fails it is tried again with what was seen in between. Names only:
no value is kept.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

from spanglass_collector.decode import Decoded, WireSpan
from spanglass_collector.dialects.conformance import names_of, without_numbers
from spanglass_collector.values import as_text
from spanglass_store.attribute_names import AttributeName, block_from_names
from spanglass_store.errors import StoreError
from spanglass_store.native import Block

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 60.0
"""How long a shape is not looked at again."""
WRITE_SECONDS: Final = 20.0
MAX_SHAPES: Final = 10_000
MAX_GROUPS: Final = 16
"""Shapes looked up in one request: others of it have their turn by chance."""
MAX_NAMES: Final = 20_000
"""Names held that are not written yet; further ones are not held. Clients choose names."""
MAX_NAME_CHARACTERS: Final = 200

T = TypeVar("T")
Shape: TypeAlias = tuple[str, str, tuple[str, ...]]


class NamesSeen:
    """What one collector saw. Safe between threads."""

    def __init__(
        self,
        insert: Callable[[Block], None],
        *,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``insert`` writes rows; it raises StoreError. ``clock`` gives nanoseconds since 1970."""
        self._insert = insert
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._looked_at: dict[Shape, float] = {}
        self._held: dict[tuple[str, ...], AttributeName] = {}

    def look(self, project: str, decoded: Decoded) -> None:
        """Look at some spans of a request, if it is time for theirs. Never raises."""
        try:
            for span in self._due(project, decoded):
                self._hold(project, span)
        except Exception:
            log.exception("attribute names of a request could not be looked at")

    def write(self) -> None:
        """Write what was seen since the last time. Blocks."""
        with self._lock:
            held, self._held = self._held, {}
        if not held:
            return
        try:
            self._insert(block_from_names([*held.values()]))
        except StoreError as error:
            log.info("attribute names seen are kept for later: %s", error)
            with self._lock:
                self._held = {**held, **self._held}

    def _due(self, project: str, decoded: Decoded) -> Iterator[WireSpan]:
        now = self._monotonic()
        for alike in _some(decoded.alike):
            if self._is_due((project, alike.scope_name, alike.names), now):
                yield next(alike.spans())
        for span in _some(decoded.others):
            if self._is_due((project, span.scope_name, tuple(span.attributes)), now):
                yield span

    def _is_due(self, shape: Shape, now: float) -> bool:
        if now < self._looked_at.get(shape, 0.0):
            return False
        with self._lock:
            if len(self._looked_at) >= MAX_SHAPES:
                self._looked_at = {}
            self._looked_at[shape] = now + AGAIN_SECONDS
        return True

    def _hold(self, project: str, span: WireSpan) -> None:
        service = as_text(span.resource.get("service.name"))
        seen_ms = self._clock() // 1_000_000
        names = [without_numbers(name) for name in names_of(span)]
        with self._lock:
            for each in names:
                key = project, service, span.scope_name, each.name, each.verdict, each.field
                if len(each.name) <= MAX_NAME_CHARACTERS and (key in self._held or len(self._held) < MAX_NAMES):
                    told = each.name, each.verdict, each.field, each.dialect, each.won_by
                    self._held[key] = AttributeName(
                        project, service, span.scope_name, span.scope_version, *told, seen_ms
                    )


def _some(groups: Sequence[T]) -> Sequence[T]:
    """All of a few, or some by chance."""
    return groups if len(groups) <= MAX_GROUPS else random.sample(groups, MAX_GROUPS)
