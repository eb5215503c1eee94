"""Names as libraries tell them, and which price they find. The expected ids are read off the package's table."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.model_names import names_of
from spanglass_collector.prices import GenaiPrices

TABLE = GenaiPrices()
NOW_NS = 1_795_000_000 * 10**9


def found(provider: str, model: str) -> str:
    price = TABLE.price_of(provider, model, service_tier="", at_ns=NOW_NS)
    return price.price_id.partition(":")[2].partition("@")[0] if price else ""


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("openai", "gpt-4o", "openai/gpt-4o"),
        ("OpenAI", "GPT-4o", "openai/gpt-4o"),
        ("openai", "openai/gpt-4o", "openai/gpt-4o"),
        ("openai", "gpt-5.2-20251211", "openai/gpt-5.2"),
        ("openai", "text-embedding-3-small", "openai/text-embedding-3-small"),
        ("azure.ai.openai", "gpt-4o-mini-2024-07-18", "azure/gpt-4o-mini"),
        ("az.ai.openai", "gpt-4o-mini-2024-07-18", "azure/gpt-4o-mini"),
        ("", "gpt-4o", "openai/gpt-4o"),
        ("", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("litellm", "anthropic/claude-3-5-haiku-20241022", "anthropic/claude-3-5-haiku-latest"),
        ("litellm", "gpt-4o", "openai/gpt-4o"),
        ("gcp.gemini", "models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("x_ai", "grok-4", "x-ai/grok-4-0709"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
         "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
         "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o"),
        ("groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
    ],
)  # fmt: skip
def test_a_model_is_found_by_the_names_it_goes_by(provider: str, model: str, price: str) -> None:
    assert found(provider, model) == price


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "qwen/qwen3-32b"),  # vLLM and Ollama, by OpenAI's client
        ("openai", "llama3.2"),
        ("openai", "gpt-oss-120b"),
        ("openai", "gpt-4o-our-own"),
        ("azure", "our-deployment"),
        ("ollama", "llama3"),
        ("our-gateway", "gpt-4o"),
        ("", ""),
        ("openai", ""),
    ],
)
def test_no_price_is_better_than_a_wrong_one(provider: str, model: str) -> None:
    assert found(provider, model) == ""


def test_a_fine_tuned_model_does_not_have_the_price_of_its_base() -> None:
    tuned = TABLE.price_of("openai", "ft:gpt-4o-mini:shop::abc", service_tier="", at_ns=NOW_NS)
    base = TABLE.price_of("openai", "gpt-4o-mini", service_tier="", at_ns=NOW_NS)
    assert tuned.input.usd > base.input.usd


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_may_be_asked_for(provider: str, model: str) -> None:
    assert all(named.model is not None for named in names_of(provider, model))
    TABLE.price_of(provider, model, service_tier="", at_ns=time.time_ns())
