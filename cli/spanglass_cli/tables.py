"""Tables as aligned text. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()) -> str:
    """Rows under their heads, two spaces between columns; columns named in ``right`` end alike."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    form = [str.rjust if name in right else str.ljust for name in head]
    return "\n".join(
        "  ".join(put(cell, width) for put, cell, width in zip(form, line, widths, strict=True)).rstrip()
        for line in lines
    )
