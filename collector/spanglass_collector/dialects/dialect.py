"""What a dialect is: a table of words and a few phrases. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from spanglass_collector.decode import Attributes, Value, WireSpan
from spanglass_collector.dialects.told import FIELDS


@dataclass(frozen=True, slots=True)
class Word:
    """One attribute that tells one field. ``read`` gives None where the value is unusable: it is then not understood.

    The order in a table is the precedence: of two words for one field the earlier decides.
    """

    attribute: str
    field: str
    read: Callable[[Value], Any]

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            msg = f"{self.attribute} tells {self.field}, which is no canonical field"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Found:
    """One field, and the attributes that told it, which need not be kept again.

    Without a field: attributes that say nothing that is not kept elsewhere already.
    """

    field: str
    value: Any
    attributes: tuple[str, ...] = ()


Phrase: TypeAlias = Callable[[WireSpan], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A convention: spoken where an attribute name begins with one of ``prefixes``."""

    name: str
    prefixes: tuple[str, ...]
    words: tuple[Word, ...]
    phrases: tuple[Phrase, ...] = ()

    def spoken_by(self, attributes: Attributes) -> bool:
        """Whether any attribute is of this dialect."""
        return any(name.startswith(self.prefixes) for name in attributes)

    def found_in(self, span: WireSpan) -> Iterable[Found]:
        """What the dialect reads of a span, by falling precedence: phrases first, then words in their order."""
        for phrase in self.phrases:
            yield from phrase(span)
        attributes = span.attributes
        for word in self.words:
            if word.attribute in attributes:
                value = word.read(attributes[word.attribute])
                if value is not None:
                    yield Found(word.field, value, (word.attribute,))


def prefixed(attributes: Attributes, prefix: str) -> dict[str, Value]:
    """Attributes whose name begins so, without the prefix."""
    return {name[len(prefix) :]: value for name, value in attributes.items() if name.startswith(prefix)}
