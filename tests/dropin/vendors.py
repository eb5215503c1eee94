"""The applications, each with the settings that its vendor documents and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dropin.environments import OURS


@dataclass(frozen=True)
class Address:
    """Where a collector is, and a key that may send."""

    url: str
    grpc_port: int
    key: str

    @property
    def grpc_url(self) -> str:
        return f"http://127.0.0.1:{self.grpc_port}"


Settings = Callable[[Address], Mapping[str, str]]


@dataclass(frozen=True)
class Vendor:
    """``environment`` is a group of ``pyproject.toml``; ``spans`` how many spans a run makes."""

    environment: str
    program: str
    spans: int
    settings: Settings
    starter: tuple[str, ...] = ()


def langfuse(to: Address) -> Mapping[str, str]:
    """https://langfuse.com/docs/observability/sdk/overview#initialize-tracing."""
    return {"LANGFUSE_BASE_URL": to.url, "LANGFUSE_PUBLIC_KEY": "pk-lf-any", "LANGFUSE_SECRET_KEY": to.key}


def langfuse_3(to: Address) -> Mapping[str, str]:
    """The same with the older name of the host."""
    return {"LANGFUSE_HOST": to.url, "LANGFUSE_PUBLIC_KEY": "pk-lf-any", "LANGFUSE_SECRET_KEY": to.key}


def phoenix(to: Address) -> Mapping[str, str]:
    """https://arize.com/docs/phoenix/environments. The port is asked for, since it is not the usual 4317."""
    return {
        "PHOENIX_COLLECTOR_ENDPOINT": to.grpc_url,
        "PHOENIX_GRPC_PORT": str(to.grpc_port),
        "PHOENIX_API_KEY": to.key,
    }


def traceloop(to: Address) -> Mapping[str, str]:
    """https://www.traceloop.com/docs/openllmetry/configuration; without reports to the vendor."""
    return {"TRACELOOP_BASE_URL": to.url, "TRACELOOP_API_KEY": to.key, "TRACELOOP_TELEMETRY": "false"}


def otlp(to: Address) -> Mapping[str, str]:
    """https://opentelemetry.io/docs/languages/sdk-configuration/otlp-exporter/."""
    return {
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_EXPORTER_OTLP_ENDPOINT": to.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={to.key}",
    }


def gen_ai(to: Address, content: str) -> Mapping[str, str]:
    """https://opentelemetry.io/docs/zero-code/python/ and the page of the instrumentation."""
    return {
        **otlp(to),
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": content,
    }


def gen_ai_grpc(to: Address) -> Mapping[str, str]:
    """The same over gRPC, with the key as a bearer's."""
    return {
        **gen_ai(to, "SPAN_AND_EVENT"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": to.grpc_url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{to.key}",
    }


def openai_v2(to: Address) -> Mapping[str, str]:
    """The older instrumentation, which writes messages as log records."""
    return {**otlp(to), "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}


def logfire(to: Address) -> Mapping[str, str]:
    """https://logfire.pydantic.dev/docs/how-to-guides/alternative-backends/."""
    return {**otlp(to), "LOGFIRE_SEND_TO_LOGFIRE": "false"}


def litellm(to: Address) -> Mapping[str, str]:
    """https://docs.litellm.ai/docs/observability/opentelemetry_integration; prices as they came with the package."""
    return {**otlp(to), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


INSTRUMENT: Final = ("opentelemetry-instrument",)
GEN_AI: Final = ("opentelemetry", "opentelemetry_application.py", 8)

VENDORS: Final[Mapping[str, Vendor]] = {
    "langfuse": Vendor("langfuse", "langfuse_application.py", 8, langfuse),
    "langfuse 3": Vendor("langfuse-3", "langfuse_application.py", 8, langfuse_3),
    "openinference": Vendor("openinference", "openinference_application.py", 8, otlp),
    "phoenix": Vendor("openinference", "phoenix_application.py", 8, phoenix),
    "traceloop": Vendor("traceloop", "traceloop_application.py", 11, traceloop),
    "opentelemetry, span": Vendor(*GEN_AI, lambda to: gen_ai(to, "SPAN_ONLY"), INSTRUMENT),
    "opentelemetry, event": Vendor(*GEN_AI, lambda to: gen_ai(to, "EVENT_ONLY"), INSTRUMENT),
    "opentelemetry, grpc": Vendor(*GEN_AI, gen_ai_grpc, INSTRUMENT),
    "opentelemetry, v2": Vendor("opentelemetry-v2", "opentelemetry_application.py", 7, openai_v2, INSTRUMENT),
    "logfire": Vendor("logfire", "logfire_application.py", 9, logfire),
    "pydantic-ai": Vendor("logfire", "pydantic_ai_application.py", 4, logfire),
    "litellm": Vendor(OURS, "litellm_application.py", 9, litellm),
}
