"""Names of model providers, as libraries tell them. Pure.

Every library has a spelling of its own; what is told is kept, in lower case, without what is no part of a name. What a
provider is called in the table of prices is ``model_names``' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass_collector import values
from spanglass_collector.decode import Value
from spanglass_collector.model_names import VENDORS

FRAMEWORKS: Final = frozenset({"strands-agents", "langchain", "langgraph", "unknown", "inmemoryvectorstore"})
"""What puts its own name where the provider belongs."""
ALIASES: Final[Mapping[str, str]] = {"gemini": "google", "mistralai": "mistral"}
"""What one library calls a provider that all others call otherwise."""
INTERFACES: Final = (".chat", ".responses", ".completion", ".embedding", ".messages", ".generative-ai", ".image")
"""What the AI SDK writes behind a provider's name: ``openai.chat``."""


def provider(value: Value) -> str | None:
    """The provider's name; None for that of a framework."""
    found = values.lower(value)
    if found is None or found in FRAMEWORKS:
        return None
    for interface in INTERFACES:
        found = found.removesuffix(interface)
    return ALIASES.get(found, found)


def vendor_of(model: str) -> str | None:
    """Who makes the models of this name, where only one house does."""
    bare = model.rpartition("/")[2].lower()
    return next((vendor for vendor, names in VENDORS if names.match(bare)), None)
