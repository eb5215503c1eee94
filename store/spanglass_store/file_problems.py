"""What is wrong with a file that somebody wrote, said where it stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a file, and where. ``line`` 0: nobody knows."""

    line: int
    field: str
    sentence: str

    def __str__(self) -> str:
        """``line 7, starts: …``."""
        place = ", ".join(filter(None, (f"line {self.line}" if self.line else "", self.field)))
        return f"{place}: {self.sentence}" if place else self.sentence


class FileRefused(Exception):
    """The file cannot be used; ``problems`` says why, in its order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
