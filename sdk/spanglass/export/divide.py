"""A parcel that was refused as it is -> parcels that may pass. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson

from spanglass.export import cut
from spanglass.export.parcel import Goods, Parcel
from spanglass.export.transport import Verdict

if TYPE_CHECKING:
    from spanglass.export.transport import Answer

_LEAST_TEXT_BYTES: Final = 256
_UNREADABLE: Final = 400


def divided(parcel: Parcel, answer: Answer) -> list[Parcel]:
    """Smaller parcels with the same goods; none when there is nothing left to try.

    Too large: halves, down to a single span, whose texts are then shortened. Scores of which one is not readable are
    told one by one, so that it does not cost the others.
    """
    if answer.verdict is Verdict.TOO_LARGE:
        if parcel.count > 1:
            return _halves(parcel)
        return _shortened(parcel) if parcel.goods is Goods.SPANS else []
    if parcel.goods is Goods.SCORES and answer.status == _UNREADABLE and parcel.count > 1:
        return [replace(parcel, body=orjson.dumps([score]), count=1) for score in orjson.loads(parcel.body)]
    return []


def _halves(parcel: Parcel) -> list[Parcel]:
    if parcel.goods is Goods.SPANS:
        return [replace(parcel, body=body, count=count) for body, count in cut.halves(parcel.body)]
    scores = orjson.loads(parcel.body)
    middle = (len(scores) + 1) // 2
    parts = (scores[:middle], scores[middle:])
    return [replace(parcel, body=orjson.dumps(part), count=len(part)) for part in parts]


def _shortened(parcel: Parcel) -> list[Parcel]:
    """A quarter of its size, of the longest text it may have."""
    limit = len(parcel.body) // 4
    if limit < _LEAST_TEXT_BYTES:
        return []
    body = cut.shortened(parcel.body, limit)
    return [replace(parcel, body=body)] if len(body) < len(parcel.body) else []
