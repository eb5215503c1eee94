"""The language of the data of ``make bench-queries``: words, and a long text of them. Pure, and the same each time."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

SEED: Final = 20_261_130
WORDS: Final = 25_000
PIECE_BYTES: Final = 1_000
REACH_BYTES: Final = 3_000


@cache
def words(count: int = WORDS, seed: int = SEED) -> tuple[str, ...]:
    """So many different words of letters, short ones first: the common words of a language are its short ones."""
    random = np.random.default_rng(seed)
    onsets = [
        "b",
        "c",
        "d",
        "f",
        "g",
        "h",
        "j",
        "k",
        "l",
        "m",
        "n",
        "p",
        "r",
        "s",
        "t",
        "v",
        "w",
        "z",
        "br",
        "ch",
        "cl",
        "cr",
        "dr",
        "fl",
        "gr",
        "pl",
        "pr",
        "sh",
        "sl",
        "sp",
        "st",
        "th",
        "tr",
    ]
    cores = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "ou"]
    codas = ["", "", "", *["d", "l", "m", "n", "r", "s", "t", "x", "ck", "ng", "nt", "rd", "st"]]
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = 1 if len(found) < count // 10 else 2 if len(found) < count // 2 else random.integers(2, 4)
        parts = [part[random.integers(len(part))] for _ in range(syllables) for part in (onsets, cores)]
        found["".join(parts) + codas[random.integers(len(codas))]] = None
    return tuple(found)


def corpus(size: int, seed: int = SEED) -> str:
    """Text of ``size`` bytes: words as common as one divided by their place in the list, commas, full stops."""
    known = np.array(words(seed=seed))
    random = np.random.default_rng(seed)
    share = 1 / (np.arange(len(known)) + 2.7)
    drawn = random.choice(len(known), size // 6, p=share / share.sum())
    mark = random.choice(3, len(drawn), p=[0.86, 0.06, 0.08])
    marked = np.concatenate([known, np.char.add(known, ","), np.char.add(known, ".")])
    text = " ".join(marked[drawn + mark * len(known)])
    return text[:size]


def pieces(text: str) -> list[str]:
    """Where a text can be read from: every ``PIECE_BYTES`` bytes of it, and what follows, ``REACH_BYTES`` in all."""
    return [text[at : at + REACH_BYTES] for at in range(0, len(text) - REACH_BYTES + 1, PIECE_BYTES)]
