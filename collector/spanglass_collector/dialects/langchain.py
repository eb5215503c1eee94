"""What LangChain and LangGraph say of themselves, through whatever instrumentation: not what the application said. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

TAGS: Final = ("seq:", "graph:", "map:", "langsmith:")
"""Beginnings of the tags that they give: ``seq:step:1``."""
METADATA: Final = frozenset({"ls_", "lc_versions", "langgraph_", "revision_id"})
"""Keys of the metadata that they add, and (with an underscore at the end) beginnings of such."""


def tags_given(tags: Iterable[str]) -> tuple[str, ...] | None:
    """The tags that the application gave."""
    return tuple(tag for each in tags if (tag := each.strip()) and not tag.startswith(TAGS)) or None
