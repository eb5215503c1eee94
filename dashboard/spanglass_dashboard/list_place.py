"""Where in which list somebody is, as text of the address: ``3.9f2c41aa.<cursor>`` is page 3. Pure.

A cursor belongs to the list it came from. So with it goes a mark of what the list was narrowed to: after a change of
filters the old place says nothing, and the list begins at its first page; with the old filters it is there again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from spanglass_dashboard.address import Scope

_PLACE: Final = re.compile(r"(\d{1,6})\.([0-9a-f]{8})\.([0-9A-Za-z_-]{1,2000})")


@dataclass(frozen=True, slots=True)
class Place:
    """Page ``page`` (from 1) of a list, which begins behind ``cursor``; the first begins behind none."""

    page: int = 1
    cursor: str = ""


FIRST: Final = Place()


def mark(scope: Scope, view: str, order: str) -> str:
    """What tells this list from others: eight hex digits."""
    told = (scope.project, scope.range.key, scope.filters, scope.bounds, view, order)
    return hashlib.blake2b(repr(told).encode(), digest_size=4).hexdigest()


def text_from_place(place: Place, of: str) -> str:
    """A place in the list with the mark ``of``, for the address."""
    return f"{place.page}.{of}.{place.cursor}"


def place_from_text(text: str, of: str) -> Place:
    """The place in the list with the mark ``of``; its first page for any other text."""
    found = _PLACE.fullmatch(text)
    if found is None or found[2] != of or int(found[1]) < 2:
        return FIRST
    return Place(int(found[1]), found[3])
