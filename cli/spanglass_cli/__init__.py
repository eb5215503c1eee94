"""The `spanglass` command: composes the rooms, and is the only one that may import all of them."""

from __future__ import annotations


def version() -> str:
    """The installed version. Looked up when asked: the look-up costs more than everything else `--help` needs."""
    from importlib import metadata

    return metadata.version("spanglass")
