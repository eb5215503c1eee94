"""The file of custom measures, read when a process starts."""

from __future__ import annotations

from pathlib import Path

from spanglass_store.custom_measures import measures_from_yaml
from spanglass_store.measures import Measure, use_custom
from spanglass_store.read_file import read_file

DESCRIPTION = "YAML file with measures of your own, the same for collector, monitor and dashboard (docs/measures.md)"


def read_measures(path: Path) -> list[Measure]:
    """The measures of a file. Raises FileUnusable."""
    return read_file(path, measures_from_yaml, "measures")


def use_measures(path: Path | None) -> None:
    """Make the measures of the file those of this process, beside the built-in ones; None leaves them as they are.

    Raises FileUnusable.
    """
    if path is not None:
        use_custom(read_measures(path))
