"""Text of others inside Markdown: shown letter by letter, never as markup."""

from __future__ import annotations

import re
from typing import Final

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def plain(text: str) -> str:
    """``text`` on one line with everything that Markdown, its directives or its formulas would read as markup escaped."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
