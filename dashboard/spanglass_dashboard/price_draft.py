"""An own price as the fields of a form, and back. Pure.

Amounts are texts, so that they stay exactly as they were typed; times are those of UTC, to the minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from spanglass_store.prices import EVERY_PROJECT, RATES, OwnPrice, price_problems

NS: Final = 1_000_000_000
MINUTE: Final = 60
EARLIEST: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the form's times have no zone
LATEST: Final = datetime(2262, 1, 1)  # noqa: DTZ001
TAKEN: Final = "There is a price for this model, provider, project and start already: edit that one."
NO_NUMBER: Final = "An amount is a number of US dollars, such as 0.25."


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form says: the price, and (field, sentence) for everything that keeps it from being saved."""

    price: OwnPrice
    problems: Sequence[tuple[str, str]]


def fields_from_price(price: OwnPrice) -> dict[str, Any]:
    """What the form shows of a price."""
    return {
        "model": price.model or None,
        "provider": price.provider or None,
        "is_for_all": price.project == EVERY_PROJECT,
        "starts": _shown(price.starts_ns) if price.starts_ns else None,
        "ends": None if price.ends_ns is None else _shown(price.ends_ns),
        **{name: _text(getattr(price, name)) for name in RATES},
        "comment": price.comment,
    }


def draft_from_fields(
    fields: Mapping[str, Any], before: OwnPrice, others: Iterable[OwnPrice], *, project: str
) -> Draft:
    """``before`` changed to what the form says; ``project`` is the one the page is about, ``others`` are saved."""
    amounts: dict[str, Decimal | None] = {}
    problems = []
    for name in RATES:
        try:
            amounts[name] = amount_from_text(fields[name])
        except ValueError:
            problems.append((name, NO_NUMBER))
    own_project = before.project if before.project != EVERY_PROJECT else project
    price = replace(
        before,
        project=EVERY_PROJECT if fields["is_for_all"] else own_project,
        model=(fields["model"] or "").strip(),
        provider=(fields["provider"] or "").strip(),
        starts_ns=_ns(fields["starts"], before.starts_ns) or 0,
        ends_ns=_ns(fields["ends"], before.ends_ns),
        comment=fields["comment"].strip(),
        **amounts,
    )
    problems += price_problems(price) if not problems else []
    if price.key != before.key and any(other.key == price.key for other in others):
        problems.append(("model", TAKEN))
    return Draft(price, problems)


def amount_from_text(text: str) -> Decimal | None:
    """The amount somebody typed, with or without a dollar sign; None for none. Raises ValueError for no number."""
    typed = text.strip().removeprefix("$").strip()
    if not typed:
        return None
    if "," in typed or "_" in typed:  # 0,25 or 1,000: nobody knows which
        raise ValueError(text)
    try:
        return Decimal(typed)
    except InvalidOperation as error:
        raise ValueError(text) from error


def minute_ns(now_ns: int) -> int:
    """The minute a time is in."""
    return now_ns // (MINUTE * NS) * MINUTE * NS


def time_from_ns(at_ns: int) -> datetime:
    """A time as the form shows it: of UTC, without a zone, to the minute."""
    return datetime.fromtimestamp(minute_ns(at_ns) // NS, UTC).replace(tzinfo=None)


def ns_from_time(at: datetime) -> int:
    """Nanoseconds since 1970 of a time of the form."""
    return int(at.replace(tzinfo=UTC).timestamp()) * NS


def _shown(at_ns: int) -> datetime:
    return min(max(time_from_ns(at_ns), EARLIEST), LATEST)


def _ns(chosen: datetime | None, before_ns: int | None) -> int | None:
    """The time that was chosen; where it is what was shown, the exact one from before."""
    if chosen is None:
        return None
    return before_ns if before_ns and chosen == _shown(before_ns) else ns_from_time(chosen)


def _text(usd: Decimal | None) -> str:
    return "" if usd is None else f"{usd.normalize():f}"
