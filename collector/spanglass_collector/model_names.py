"""Names of providers and models as libraries tell them, and what the table of public prices calls them. Pure.

The same model has many names: ``gpt-4o``, ``openai/gpt-4o``, ``models/gemini-2.5-pro``, a Bedrock profile, the id of a
fine-tuned model. Which of them the table knows is a matter of trying, in this order: as it was told, without what
stands around it; by the provider that LiteLLM writes before it; by the vendor that alone has models of that name.

No price is better than a wrong one. A base model's price is never taken for a fine-tuned one; and weights that anybody
can serve have a public price only at the provider that was told: a client for OpenAI's API is pointed at Ollama and
vLLM as well, where ``qwen/qwen3-32b`` costs nothing of what it costs elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from genai_prices.types import Provider

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "az.ai.inference": "azure",
        "az.ai.openai": "azure",
        "azure.ai.inference": "azure",
        "azure.ai.openai": "azure",
        "azure_ai": "azure",
        "azure_openai": "azure",
        "gcp.gen_ai": "google",
        "palm": "google",
        "x_ai": "x-ai",
        "fireworks_ai": "fireworks",
        "z_ai": "zai",
    }
)
"""Names of providers (OpenTelemetry's, LiteLLM's) that genai-prices does not match by itself, or matches wrongly:
``azure.ai.openai`` has ``openai`` in it."""

WRAPPERS: Final = ("models/", "publishers/google/models/", "publishers/anthropic/models/", "deployments/")
"""What Google's and Azure's libraries write before a model's name."""

BEDROCK: Final = re.compile(
    r"(^|[./])(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen)\.[a-z0-9.-]+(:\d+)?$"
)
"""``us.anthropic.claude-sonnet-4-5-20250929-v1:0``, with or without the region."""

VENDORS: Final = tuple(
    (vendor, re.compile(names))
    for vendor, names in (
        ("openai", r"(ft:)?(gpt-(?!oss)|chatgpt-|o[134](-|$)|text-embedding-(3|ada))"),
        ("anthropic", r"claude-"),
        ("google", r"gemini-"),
        ("x-ai", r"grok-[2-9]"),
    )
)
"""Models that their vendor alone makes, and by which names. Whoever resells them asks for about the same."""
ANYBODY: Final = frozenset({"", "openai", "litellm"})
"""What is told as provider by clients that are pointed at all kinds of addresses: it says nothing about who serves."""

OPEN_WEIGHTS: Final = re.compile(r"gpt-oss")
"""What OpenAI gives away and does not serve."""

FINE_TUNED: Final = re.compile(r"(ft:(?:gpt-4o-mini|gpt-4o))(?=:|$)")
"""A fine-tuned model whose base has no date: its price is that of its family, which the table has under dates."""


@dataclass(frozen=True, slots=True)
class Named:
    """A model under one of its names, at a provider."""

    provider: str
    model: str

    def is_served_by(self, provider: Provider) -> bool:
        """Whether this provider of the table may be meant."""
        return provider.provider_match is not None and provider.provider_match.is_match(self.provider)


def names_of(provider: str, model: str) -> Iterator[Named]:
    """The names to look a model up by, the likeliest first."""
    told = provider.strip().lower()
    serving = PROVIDERS.get(told, told)
    bare = model.strip().lower()
    for wrapper in WRAPPERS:
        bare = bare.removeprefix(wrapper)
    bare = FINE_TUNED.sub(r"\1-2024-08-06", bare)
    if serving == "litellm":
        first, slash, rest = bare.partition("/")
        if slash:
            yield Named(PROVIDERS.get(first, first), rest)
    elif serving and not (serving in ANYBODY and OPEN_WEIGHTS.match(bare)):
        yield Named(serving, bare)
    if serving in ANYBODY:
        last = bare.rpartition("/")[2]
        yield from (Named(vendor, last) for vendor, names in VENDORS if names.match(last))
    if serving in ANYBODY | {"anthropic"} and BEDROCK.search(bare):
        yield Named("aws", bare)
