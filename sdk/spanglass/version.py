"""The version of the installed distribution."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def installed_version() -> str:
    """Such as ``0.1.0``; ``0`` when run from a source tree that is not installed. Looked up at the first call."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  15 ms that few ever need

    try:
        return version("spanglass")
    except PackageNotFoundError:
        return "0"
