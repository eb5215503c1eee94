"""Numbers as a person writes them: ``$1.23``, ``840 ms``, ``4.1 %``; ``–`` where there is none. Pure."""

from __future__ import annotations

import math

from spanglass_store.measures import Measure


def format_value(measure: Measure, value: float | None) -> str:
    """A person's form of a value: ``$1.23``, ``840 ms``, ``4.1 %``; ``–`` for no value."""
    if value is None or math.isnan(value):
        return "–"
    match measure.unit:
        case "usd":
            return format_usd(value)
        case "seconds":
            return format_seconds(value)
        case "ratio":
            return f"{value * 100:.2f} %" if abs(value) < 0.1 else f"{value * 100:.1f} %"
        case "score":
            return f"{value:.3f}"
        case "per_second":
            return f"{value:.1f} /s"
        case _:
            return format_count(value)


def format_usd(value: float) -> str:
    """Dollars with as many places as say something: ``$12.34``, ``$0.0123``, ``$0.000123``."""
    if value == 0:
        return "$0"
    if abs(value) >= 1:
        return f"${value:,.2f}"
    places = min(9, 3 - math.floor(math.log10(abs(value))) - 1)
    return f"${value:.{max(4, places)}f}"


def format_seconds(value: float) -> str:
    """``840 µs``, ``12.3 ms``, ``1.24 s``, ``3 min 12 s``."""
    size = abs(value)
    if size < 1e-3:
        return f"{value * 1e6:.0f} µs"
    if size < 1:
        return f"{value * 1e3:.0f} ms" if size >= 0.1 else f"{value * 1e3:.1f} ms"
    if size < 60:
        return f"{value:.2f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s"


def format_bytes(value: float) -> str:
    """``950 B``, ``12.3 kB``, ``4.56 GB``."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:.0f} B"


def format_count(value: float) -> str:
    """``950``, ``12,345``, ``1.23 M``, ``4.56 B``."""
    size = abs(value)
    for limit, unit in ((1e9, "B"), (1e6, "M")):
        if size >= limit:
            return f"{value / limit:.2f} {unit}"
    return f"{value:,.0f}"
