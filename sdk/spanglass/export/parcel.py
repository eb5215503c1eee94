"""What is sent: one request to the collector, and how many things it carries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from spanglass import semconv


class Goods(StrEnum):
    """What a parcel carries; also the beginning of the names of its counters."""

    SPANS = "spans"
    SCORES = "scores"


PATHS: Final = {Goods.SPANS: semconv.TRACES_PATH, Goods.SCORES: semconv.SCORES_PATH}
CONTENT_TYPES: Final = {Goods.SPANS: "application/x-protobuf", Goods.SCORES: "application/json"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """The body of one request, not compressed."""

    goods: Goods
    body: bytes | bytearray
    count: int  # spans or scores in it
