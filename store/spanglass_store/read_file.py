"""A file that somebody wrote, read and understood, or refused with every line that has to change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from spanglass_store.errors import FileUnusable
from spanglass_store.file_problems import FileRefused

T = TypeVar("T")


def read_file(path: Path, parse: Callable[[str], T], what: str) -> T:
    """What ``parse`` makes of the text of the file. ``what`` is in it, for the message: ``prices``.

    ``parse`` raises FileRefused for what it cannot use. Raises FileUnusable.
    """
    try:
        return parse(path.read_text("utf-8"))
    except FileRefused as refused:
        told = "\n".join(f"  {problem}" for problem in refused.problems)
        msg = f"the {what} in {path} cannot be used:\n{told}"
        raise FileUnusable(msg) from refused
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the file {path} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}"
        raise FileUnusable(msg) from error
