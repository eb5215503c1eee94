"""The file of own prices: TOML to prices and back. Pure.

::

    [[prices]]
    model = "llama-3.3-70b*"
    provider = "vllm"
    starts = 2026-11-01
    input_usd = 0.20
    output_usd = 0.60
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from spanglass_store.file_problems import FileRefused, Problem
from spanglass_store.prices import EVERY_PROJECT, MS, RATES, OwnPrice, day_or_time, price_problems

TEXTS: Final = ("model", "provider", "project", "comment")
TIMES: Final = {"starts": "starts_ns", "ends": "ends_ns"}
FIELDS: Final = (*TEXTS[:3], *TIMES, *RATES, "comment")
HEADER: Final = re.compile(r"\s*\[\[\s*[\"']?prices[\"']?\s*\]\]")
KEY: Final = re.compile(r"\s*[\"']?(\w+)[\"']?\s*=")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def prices_from_toml(text: str) -> list[OwnPrice]:
    """The prices of a file, in its order. Raises FileRefused with all that is wrong."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise FileRefused([_syntax(str(error))]) from error
    entries = document.pop("prices", [])
    problems = [Problem(0, name, "Nothing but [[prices]] can stand at the top of this file.") for name in document]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FileRefused([*problems, Problem(0, "prices", "Write [[prices]] before each price.")])
    places = _places(text, len(entries))
    prices: list[OwnPrice] = []
    for entry, place in zip(entries, places, strict=True):
        price, wrong = _read(entry)
        if price is not None:
            wrong = price_problems(price)
            twin = next((at for at, other in enumerate(prices) if other.key == price.key), None)
            if twin is not None:
                wrong.append(
                    ("", f"The same model, provider, project and start stand at line {places[twin].get('', 0)}.")
                )
            prices.append(price)
        problems += (Problem(place.get(field) or place.get("", 0), field, sentence) for field, sentence in wrong)
    if problems:
        raise FileRefused(sorted(problems, key=lambda problem: problem.line))
    return prices


def toml_from_prices(prices: Iterable[OwnPrice]) -> str:
    """The file that ``prices_from_toml`` reads these prices from."""
    return "\n".join(["# US dollars for a million tokens; request_usd for each call.", *map(_entry, prices), ""])


def _read(entry: Mapping[str, Any]) -> tuple[OwnPrice | None, list[tuple[str, str]]]:
    """The price of an entry, or what is wrong with its fields."""
    values: dict[str, Any] = {"project": EVERY_PROJECT, "model": "", "starts_ns": 0}
    wrong = []
    for name, value in entry.items():
        try:
            values[TIMES.get(name, name)] = _value(name, value)
        except ValueError as error:
            wrong.append((name, str(error)))
    return (None if wrong else OwnPrice(**values)), wrong


def _value(name: str, value: Any) -> Any:
    """The value of a field. Raises ValueError with what to write instead."""
    if name in TEXTS:
        if isinstance(value, str):
            return value
        msg = f'Write a text, such as "{value}".'
    elif name in TIMES:
        if isinstance(value, date):
            return _ns(value)
        msg = f"{value!r} is no time. Write 2026-11-01, or 2026-11-01T09:30:00Z, without quotes."
    elif name in RATES:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
        msg = f"{value!r} is no amount. Write US dollars as a number, such as 0.25, without quotes."
    else:
        close = get_close_matches(name, FIELDS, 1)
        msg = f"There is no such field. {f'Is {close[0]} meant?' if close else 'There are ' + ', '.join(FIELDS)}"
    raise ValueError(msg)


def _ns(at: date) -> int:
    """A day is its midnight, a time without an offset one of UTC. Whole milliseconds."""
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000) * MS


def _syntax(told: str) -> Problem:
    place = re.search(r" \(at line (\d+), column (\d+)\)$", told)
    if not place:
        return Problem(0, "", f"This is no TOML: {told}.")
    return Problem(int(place[1]), f"column {place[2]}", f"This is no TOML: {told[: place.start()]}.")


def _places(text: str, count: int) -> list[dict[str, int]]:
    """For each entry the line of each of its fields, and under ``""`` its own; nothing where they cannot be told."""
    places: list[dict[str, int]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if HEADER.match(line):
            places.append({"": number})
        elif places and (key := KEY.match(line)):
            places[-1].setdefault(key[1], number)
    return places if len(places) == count else [{} for _ in range(count)]


def _entry(price: OwnPrice) -> str:
    fields = [(name, _quoted(text)) for name in TEXTS[:3] if (text := getattr(price, name))]
    fields += [(name, day_or_time(ns)) for name, field in TIMES.items() if (ns := getattr(price, field))]
    fields += [(name, f"{usd.normalize():f}") for name, usd in price.rates.items()]
    fields += [("comment", _quoted(price.comment))] if price.comment else []
    return "\n".join(["", "[[prices]]", *(f"{name} = {value}" for name, value in fields)])


def _quoted(text: str) -> str:
    """A basic string of TOML: what JSON writes, but for DEL, which JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
