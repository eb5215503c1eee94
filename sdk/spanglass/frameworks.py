"""Frameworks for which others have written instrumentations: the table, and turning one on.

An instrumentation is a distribution of its own (OpenInference's or OpenTelemetry's) that tells of itself by an entry
point. Pydantic AI alone needs none: it can tell its spans itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any, Final

from spanglass import nesting, runtime
from spanglass.late_tracer import LateTracerProvider
from spanglass.settings import from_environment

Undo = Callable[[], object]

ENTRY_POINTS: Final = "opentelemetry_instrumentor"
OI_LANGCHAIN: Final = "openinference-instrumentation-langchain"


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework and who can record it."""

    name: str  # as ``instrument`` is told of it
    package: str  # its distribution: what makes it an installed one
    module: str  # whose import tells that the application uses it
    instrumentations: tuple[str, ...]  # distributions, the best first; none: it tells its spans itself


def _row(name: str, package: str, module: str, *instrumentations: str) -> Framework:
    return Framework(name, package, module, instrumentations)


# fmt: off
FRAMEWORKS: Final = (
    _row("langchain", "langchain-core", "langchain_core",
         OI_LANGCHAIN, "opentelemetry-instrumentation-langchain"),
    _row("langgraph", "langgraph", "langgraph",
         OI_LANGCHAIN, "opentelemetry-instrumentation-langchain"),
    _row("llama-index", "llama-index-core", "llama_index.core",
         "openinference-instrumentation-llama-index", "opentelemetry-instrumentation-llamaindex"),
    _row("crewai", "crewai", "crewai",
         "openinference-instrumentation-crewai", "opentelemetry-instrumentation-crewai"),
    _row("dspy", "dspy", "dspy", "openinference-instrumentation-dspy"),
    _row("haystack", "haystack-ai", "haystack",
         "openinference-instrumentation-haystack", "opentelemetry-instrumentation-haystack"),
    _row("pydantic-ai", "pydantic-ai-slim", "pydantic_ai"),
    _row("openai-agents", "openai-agents", "agents",
         "openinference-instrumentation-openai-agents", "opentelemetry-instrumentation-openai-agents",
         "opentelemetry-instrumentation-openai-agents-v2"),
    _row("smolagents", "smolagents", "smolagents", "openinference-instrumentation-smolagents"),
    _row("autogen", "autogen-agentchat", "autogen_agentchat", "openinference-instrumentation-autogen-agentchat"),
    _row("ag2", "ag2", "autogen", "openinference-instrumentation-ag2", "openinference-instrumentation-autogen"),
    _row("agno", "agno", "agno", "openinference-instrumentation-agno", "opentelemetry-instrumentation-agno"),
    _row("google-adk", "google-adk", "google.adk", "openinference-instrumentation-google-adk"),
    _row("claude-agent-sdk", "claude-agent-sdk", "claude_agent_sdk", "openinference-instrumentation-claude-agent-sdk"),
    _row("beeai", "beeai-framework", "beeai_framework", "openinference-instrumentation-beeai"),
    _row("pipecat", "pipecat-ai", "pipecat", "openinference-instrumentation-pipecat"),
    _row("instructor", "instructor", "instructor", "openinference-instrumentation-instructor"),
    _row("guardrails", "guardrails-ai", "guardrails", "openinference-instrumentation-guardrails"),
    _row("mcp", "mcp", "mcp", "openinference-instrumentation-mcp", "opentelemetry-instrumentation-mcp"),
    _row("portkey", "portkey-ai", "portkey_ai", "openinference-instrumentation-portkey"),
    _row("vertexai", "google-cloud-aiplatform", "vertexai",
         "openinference-instrumentation-vertexai", "opentelemetry-instrumentation-vertexai"),
    _row("groq", "groq", "groq", "openinference-instrumentation-groq", "opentelemetry-instrumentation-groq"),
    _row("ollama", "ollama", "ollama", "openinference-instrumentation-ollama", "opentelemetry-instrumentation-ollama"),
    _row("together", "together", "together",
         "openinference-instrumentation-together", "opentelemetry-instrumentation-together"),
)
"""What ``instrument`` looks for besides the clients wrapped by ourselves; ``docs/integrations.md`` shows this table."""
# fmt: on

_CURRENT: Final = LateTracerProvider()
_DETACHED: Final = LateTracerProvider(nesting.began)


def installed_version(distribution: str) -> str | None:
    """Of a distribution, ``None`` when it is not installed. Nothing is imported."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def instrumentors() -> Mapping[str, EntryPoint]:
    """The installed instrumentations by the name of their distribution, in the spelling of the table."""
    found = ((each.dist.name, each) for each in entry_points(group=ENTRY_POINTS) if each.dist is not None)
    return {re.sub(r"[-_.]+", "-", name).lower(): each for name, each in found}


def is_on(instrumentor: EntryPoint) -> bool:
    """Whether somebody has turned it on already. One that is not even imported is not, and stays so."""
    known = getattr(sys.modules.get(instrumentor.module), instrumentor.attr, None)
    return bool(getattr(getattr(known, "_instance", None), "is_instrumented_by_opentelemetry", False))


def turn_on(distribution: str, instrumentor: EntryPoint) -> Undo | None:
    """Have it record, to wherever the SDK does; what comes back stops that, ``None`` when it was on already.

    Raises what it raises, and ``RuntimeError`` when it refuses without a word.
    """
    made: Any = instrumentor.load()()
    if made.is_instrumented_by_opentelemetry:
        return None
    provider = _DETACHED if distribution == OI_LANGCHAIN else _CURRENT
    made.instrument(tracer_provider=provider, raise_exception_on_conflict=True)
    if not made.is_instrumented_by_opentelemetry:
        message = "it does not take the version of the framework that is installed"
        raise RuntimeError(message)
    if distribution == OI_LANGCHAIN and (handler := getattr(made, "_tracer", None)) is not None:
        handler.run_inline = True  # else async runs are told in another thread, and what begins is not seen here
    undo: Undo = made.uninstrument
    return undo


def _turn_on_pydantic_ai() -> Undo | None:
    from pydantic_ai import Agent  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415  it is there by now
    from pydantic_ai.models.instrumented import (  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
        InstrumentationSettings,
    )

    if getattr(Agent, "_instrument_default", False):
        return None
    settings = runtime.STATE.settings or from_environment()[0]
    Agent.instrument_all(InstrumentationSettings(tracer_provider=_CURRENT, include_content=settings.capture_content))
    return lambda: Agent.instrument_all(False)  # noqa: FBT003  Pydantic AI's signature


OWN: Final[Mapping[str, Callable[[], Undo | None]]] = {"pydantic-ai": _turn_on_pydantic_ai}
"""Frameworks that tell their spans themselves once they are asked to."""
