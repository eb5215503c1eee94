"""Views that people saved of a page: a value and its row. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, query

MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SavedView:
    """``address`` is the query part of the page's URL: filters, window, sorting. One that ``is_shared`` is for everybody
    of the project. The time is nanoseconds since 1970, whole milliseconds.
    """

    project: str
    view_id: str
    name: str
    page: str
    address: str
    owner: str
    is_shared: bool
    created_at_ns: int


def block_from_views(views: Sequence[SavedView], *, removed: Sequence[SavedView] = (), version: int) -> Block:
    """Views as rows of ``saved_views``, and rows that take the ``removed`` ones away. ``version`` is nanoseconds since
    1970: of one view id the largest wins.
    """
    rows = (*views, *removed)
    columns: list[tuple[str, str, Sequence[Any]]] = [
        *((name, "String", [getattr(v, name) for v in rows]) for name in _TEXTS),
        ("is_shared", "Bool", [v.is_shared for v in rows]),
        ("created_at", "DateTime64(3, 'UTC')", [v.created_at_ns // MS for v in rows]),
        ("version", "UInt64", [version] * len(rows)),
        ("is_deleted", "UInt8", [0] * len(views) + [1] * len(removed)),
    ]
    return block_from_columns("saved_views", columns)


_TEXTS: Final = ("project", "view_id", "name", "page", "address", "owner")


def views_for(project: str, owner: str) -> Query:
    """A person's own views and those that others share, for ``view_from_row``. Reads ``saved_views``.

    Grain: one row a view, by page and name.
    """
    return query(
        "saved views",
        f"""
        SELECT {", ".join(_TEXTS)}, is_shared, toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns
        FROM saved_views FINAL WHERE project = {{project:String}} AND (is_shared OR owner = {{owner:String}})
        ORDER BY page, name, view_id
        """,
        project=project,
        owner=owner,
    )


def view_from_row(row: Mapping[str, Any]) -> SavedView:
    """The SavedView of a row of ``views_for``."""
    return SavedView(**row)
