"""The colours of ``theme.toml`` as values, so that every chart looks like the page around it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

THEME_FILE: Final = Path(__file__).with_name("theme.toml")
Mode = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one mode, as ``#rrggbb``. ``categorical`` has no red: red says "error" and nothing else."""

    background: str
    text: str
    muted: str
    border: str
    primary: str
    error: str
    good: str
    warning: str
    categorical: tuple[str, ...]

    def nth(self, index: int) -> str:
        """The colour of the ``index``-th series; they repeat after the last."""
        return self.categorical[index % len(self.categorical)]

    def faded(self, color: str, opacity: float) -> str:
        """``color`` with ``opacity`` between 0 and 1, as ``rgba(…)``."""
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red}, {green}, {blue}, {opacity})"


def _read(colors: dict[str, Any]) -> Palette:
    return Palette(
        background=colors["backgroundColor"],
        text=colors["textColor"],
        muted=colors["grayColor"],
        border=colors["borderColor"],
        primary=colors["primaryColor"],
        error=colors["redColor"],
        good=colors["greenColor"],
        warning=colors["orangeColor"],
        categorical=tuple(colors["chartCategoricalColors"]),
    )


_THEME: Final = tomllib.loads(THEME_FILE.read_text(encoding="utf-8"))["theme"]
LIGHT: Final = _read(_THEME["light"])
DARK: Final = _read(_THEME["dark"])
