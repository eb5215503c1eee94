"""What a file of own prices changes of those that are stored. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spanglass_store.prices import EVERY_PROJECT, OwnPrice, amounts_text, day_or_time


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """Prices that are new, that replace one (old, new), that go, and how many stay as they are."""

    added: tuple[OwnPrice, ...]
    changed: tuple[tuple[OwnPrice, OwnPrice], ...]
    removed: tuple[OwnPrice, ...]
    unchanged: int

    @property
    def saved(self) -> tuple[OwnPrice, ...]:
        """The prices to write."""
        return (*self.added, *(new for _, new in self.changed))

    def __str__(self) -> str:
        """A line for each change, then how many."""
        lines = [f"+ {named(price)}: {told(price)}" for price in self.added]
        for old, new in self.changed:
            lines += [f"~ {named(new)}: {told(old)}", f"{' ' * len(f'~ {named(new)}')}> {told(new)}"]
        lines += [f"- {named(price)}: {told(price)}" for price in self.removed]
        counts = (
            (len(self.added), "new"),
            (len(self.changed), "changed"),
            (len(self.removed), "removed"),
            (self.unchanged, "unchanged"),
        )
        return "\n".join([*lines, ", ".join(f"{count} {word}" for count, word in counts if count) or "no prices"])


def changes(stored: Sequence[OwnPrice], wanted: Sequence[OwnPrice], *, prune: bool) -> PriceChanges:
    """What makes ``wanted`` true; with ``prune`` nothing else stays."""
    before = {price.key: price for price in stored}
    known = [(before[price.key], price) for price in wanted if price.key in before]
    keys = {price.key for price in wanted}
    return PriceChanges(
        added=tuple(price for price in wanted if price.key not in before),
        changed=tuple((old, new) for old, new in known if old != new),
        removed=tuple(price for price in stored if prune and price.key not in keys),
        unchanged=sum(old == new for old, new in known) + (0 if prune else len(before.keys() - keys)),
    )


def named(price: OwnPrice) -> str:
    """``llama-70b* at vllm, project shop, from 2026-11-01``."""
    at = f" at {price.provider}" if price.provider else ""
    project = "" if price.project == EVERY_PROJECT else f", project {price.project}"
    return f"{price.model}{at}{project}{f', from {day_or_time(price.starts_ns)}' if price.starts_ns else ''}"


def told(price: OwnPrice) -> str:
    """What of a price can change: ``Input $0.20 · Output $0.60 for a million tokens, until 2027-01-01 (comment)``."""
    until = f", until {day_or_time(price.ends_ns)}" if price.ends_ns else ""
    return amounts_text(price) + until + (f" ({price.comment})" if price.comment else "")
