"""Prompts: a version of one as a value, and its row. Pure.

A span names the prompt and the version it was made from; this is where their text is found again. The text of a
version stays as it was; its labels (``production``) may be given to another version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, query

MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """``version`` is what spans call it; times are nanoseconds since 1970, whole milliseconds."""

    project: str
    name: str
    version: str
    template: str
    created_at_ns: int
    labels: tuple[str, ...] = ()
    comment: str = ""


def block_from_prompts(prompts: Sequence[Prompt], *, removed: Sequence[Prompt] = (), version: int) -> Block:
    """Prompts as rows of ``prompts``, and rows that take the ``removed`` ones away. ``version`` is nanoseconds since
    1970: of one prompt's version the largest wins.
    """
    rows = (*prompts, *removed)
    columns: list[tuple[str, str, Sequence[Any]]] = [
        ("project", "String", [p.project for p in rows]),
        ("name", "String", [p.name for p in rows]),
        ("prompt_version", "String", [p.version for p in rows]),
        ("template", "String", [p.template for p in rows]),
        ("labels", "Array(String)", [p.labels for p in rows]),
        ("comment", "String", [p.comment for p in rows]),
        ("created_at", "DateTime64(3, 'UTC')", [p.created_at_ns // MS for p in rows]),
        ("version", "UInt64", [version] * len(rows)),
        ("is_deleted", "UInt8", [0] * len(prompts) + [1] * len(removed)),
    ]
    return block_from_columns("prompts", columns)


def all_prompts(project: str, name: str | None = None) -> Query:
    """The versions of a prompt, of all of them if None, for ``prompt_from_row``. Reads ``prompts``.

    Grain: one row a version, by name, the newest first.
    """
    only, params = ("", {}) if name is None else ("AND name = {prompt:String}", {"prompt": name})
    return query(
        "prompts",
        f"""
        SELECT project, name, prompt_version, template, labels, comment,
        toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns
        FROM prompts FINAL WHERE project = {{project:String}} {only}
        ORDER BY name, created_at DESC, prompt_version DESC
        """,
        project=project,
        **params,
    )


_FIELDS: Final = tuple(field.name for field in fields(Prompt) if field.name not in {"version", "labels"})


def prompt_from_row(row: Mapping[str, Any]) -> Prompt:
    """The Prompt of a row of ``all_prompts``."""
    return Prompt(version=row["prompt_version"], labels=tuple(row["labels"]), **{name: row[name] for name in _FIELDS})
