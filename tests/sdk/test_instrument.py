"""``spanglass.instrument``: what it turns on, what it says, what it leaves alone."""

from __future__ import annotations

import importlib.metadata
import logging
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import langchain_core.callbacks  # noqa: F401  what is not imported is turned on later
import pytest
from openai import AsyncOpenAI, OpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from sdk.servers import Provider

import spanglass
from spanglass import frameworks, recordable, semconv
from spanglass.clients import PROVIDERS
from spanglass.testing import Captured

ASK: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Sky?"}]}
OURS = {"openai", "litellm", "anthropic", "bedrock", "cohere", "google-genai", "mistralai"}


@pytest.fixture(autouse=True)
def _off_again() -> Iterator[None]:
    yield
    spanglass.uninstrument()


def client_of(provider: Provider) -> OpenAI:
    return OpenAI(base_url=f"{provider.url}/v1", api_key="k", max_retries=0)


def test_every_client_is_recorded_whenever_it_was_made(provider: Provider, seen: Captured) -> None:
    with client_of(provider) as before:
        spanglass.instrument("openai")
        with client_of(provider) as after:
            before.chat.completions.create(**ASK)
            after.chat.completions.create(**ASK)
            spanglass.wrap(after).chat.completions.create(**ASK)
    assert [span.name for span in seen.spans] == ["chat gpt-4o-mini"] * 3
    assert {span.attributes[semconv.SERVER_ADDRESS] for span in seen.spans} == {"127.0.0.1"}


async def _ask(provider: Provider) -> None:
    async with AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="k", max_retries=0) as client:
        await client.chat.completions.create(**ASK)
        async for _ in await client.chat.completions.create(**ASK, stream=True):
            pass


@pytest.mark.asyncio
async def test_asynchronous_clients_too(provider: Provider, seen: Captured) -> None:
    spanglass.instrument("openai")
    await _ask(provider)
    assert [span.attributes[semconv.INPUT_TOKENS] for span in seen.spans] == [120, 120]


def test_afterwards_nothing_is_recorded(provider: Provider, seen: Captured) -> None:
    spanglass.instrument("openai")
    spanglass.instrument("openai")
    spanglass.uninstrument()
    with client_of(provider) as client:
        client.chat.completions.create(**ASK)
    assert not seen.spans


def test_a_wrapped_client_stays_wrapped_and_is_recorded_once(provider: Provider, seen: Captured) -> None:
    with client_of(provider) as client:
        spanglass.wrap(client)
        spanglass.instrument("openai")
        client.chat.completions.create(**ASK)
        spanglass.uninstrument()
        client.chat.completions.create(**ASK)
    assert len(seen.spans) == 2


def test_everything_that_is_installed_is_found() -> None:
    told = spanglass.instrument()
    assert set(told.on) - {"langchain"} == OURS
    assert told.on["langchain"].startswith("openinference-instrumentation-langchain ")
    assert told.on["openai"] == "spanglass; openinference-instrumentation-openai stays off"
    assert not told.failed
    assert LangChainInstrumentor().is_instrumented_by_opentelemetry
    assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry
    spanglass.uninstrument()
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry


def test_names_choose_and_exclude() -> None:
    assert set(spanglass.instrument("openai", "google", "boto3", "Mistral").on) == {
        "openai",
        "google-genai",
        "bedrock",
        "mistralai",
    }
    assert set(spanglass.instrument(exclude=["langchain", "litellm"]).on) == OURS - {"litellm"}
    assert set(spanglass.instrument("openai", "cohere", exclude="cohere").on) == {"openai"}


def test_what_is_not_there_is_said() -> None:
    told = spanglass.instrument("openai", "crewai", "no-such-thing")
    assert set(told.on) == {"openai"}
    assert told.missing == dict.fromkeys(["crewai", "no-such-thing"], "not installed, or not known")


def test_a_framework_without_an_instrumentation_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordable, "instrumentors", dict)
    told = spanglass.instrument("langchain")
    assert str(told) == ("spanglass: found but not on: langchain (pip install openinference-instrumentation-langchain)")


def test_one_that_is_broken_is_reported_and_keeps_nobody_else_off(monkeypatch: pytest.MonkeyPatch) -> None:
    found = dict(frameworks.instrumentors())
    known = found[frameworks.OI_LANGCHAIN]
    broken = EntryPoint("langchain", "json:no_such_instrumentor", known.group)
    vars(broken)["dist"] = known.dist
    monkeypatch.setattr(recordable, "instrumentors", lambda: {**found, frameworks.OI_LANGCHAIN: broken})
    told = spanglass.instrument("langchain", "openai")
    assert set(told.on) == {"openai"}
    assert told.failed == {"langchain": "AttributeError: module 'json' has no attribute 'no_such_instrumentor'"}


def test_a_version_that_is_not_known_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai.resources.chat.completions.completions", None)
    monkeypatch.setitem(sys.modules, "openai.resources.responses.responses", None)
    monkeypatch.setitem(sys.modules, "openai.resources.embeddings", None)
    monkeypatch.setitem(sys.modules, "openai.resources.completions", None)
    told = spanglass.instrument("openai")
    assert told.failed == {"openai": "LookupError: nothing that is known was found in this version of openai"}


def test_one_that_the_application_turned_on_itself_stays_its_own() -> None:
    OpenAIInstrumentor().instrument()
    LangChainInstrumentor().instrument()
    try:
        told = spanglass.instrument("openai", "langchain")
        assert told.on["openai"] == "spanglass; openinference-instrumentation-openai is on as well"
        assert "langchain" in told.on
        spanglass.uninstrument()
        assert LangChainInstrumentor().is_instrumented_by_opentelemetry
    finally:
        OpenAIInstrumentor().uninstrument()
        LangChainInstrumentor().uninstrument()


def test_it_is_said_once_where_the_application_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="spanglass"):
        told = spanglass.instrument("openai", "cohere", "nothing")
    assert [record.message for record in caplog.records if record.name == "spanglass"] == [str(told)]
    assert str(told) == (
        "spanglass: on: openai (openinference-instrumentation-openai stays off), cohere; "
        "found but not on: nothing (not installed, or not known)"
    )


def test_nothing_is_imported_for_it_and_it_is_said_on_standard_error() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stderr.startswith("spanglass: on: openai")
    assert done.stderr.count("\n") == 1
    assert done.stdout.strip() == "[] True"


PROGRAM = f"""
import sys, spanglass
spanglass.instrument()
print([name for name in [*{[*PROVIDERS]}, 'langchain_core', 'agents'] if name in sys.modules], end=' ')
from openai.resources.embeddings import Embeddings
print(hasattr(Embeddings.create, '__wrapped__'))
"""


def test_the_table_names_what_exists() -> None:
    names = [each.name for each in frameworks.FRAMEWORKS]
    assert len(set(names)) == len(names)
    assert not set(names) & {recordable.PROVIDER_NAMES.get(package, package) for package in PROVIDERS}
    assert all(recordable.known_name(name) == name for name in names)
    assert all(each.instrumentations or each.name in frameworks.OWN for each in frameworks.FRAMEWORKS)
    for distribution, entry_point in frameworks.instrumentors().items():
        assert importlib.metadata.version(distribution)
        assert entry_point.module


def test_the_page_shows_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "integrations.md").read_text()
    for each in frameworks.FRAMEWORKS:
        by = "<br>".join(f"`{name}`" for name in each.instrumentations) or "itself"
        assert f"| `{each.name}` | `{each.package}` | {by} |" in page
