"""The file of custom measures, read when a process starts."""

from __future__ import annotations

from pathlib import Path

from spanglass_store.custom_measures import measures_from_yaml
from spanglass_store.errors import MeasuresRefused
from spanglass_store.file_problems import FileRefused
from spanglass_store.measures import Measure, use_custom

DESCRIPTION = "YAML file with measures of your own, the same for collector, monitor and dashboard (docs/measures.md)"


def read_measures(path: Path) -> list[Measure]:
    """The measures of a file. Raises MeasuresRefused with every line that has to change."""
    try:
        return measures_from_yaml(path.read_text("utf-8"))
    except FileRefused as refused:
        told = "\n".join(f"  {problem}" for problem in refused.problems)
        msg = f"the measures in {path} cannot be used:\n{told}"
        raise MeasuresRefused(msg) from refused
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the file {path} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}"
        raise MeasuresRefused(msg) from error


def use_measures(path: Path | None) -> None:
    """Make the measures of the file those of this process, beside the built-in ones; None leaves them as they are.

    Raises MeasuresRefused.
    """
    if path is not None:
        use_custom(read_measures(path))
