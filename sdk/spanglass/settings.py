"""Every setting of the SDK: one frozen dataclass whose fields are also the table that the documentation shows.

A value comes from the argument of ``spanglass.init``, else from the first environment variable of the row that
is set, else from the default. A variable that cannot be read is reported and its default used: a typing mistake in a
deployment must not stop an application.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spanglass import semconv
from spanglass.setting_values import READ, Bounds, is_true

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _row(
    *env: str,
    default: object,
    help: str,  # noqa: A002
    unit: str = "",
    secret: bool = False,
    minimum: float = 0,
    maximum: float = float("inf"),
    allowed: tuple[str, ...] = (),
) -> Any:
    bounds = Bounds(minimum, maximum, allowed)
    return field(default=default, repr=not secret, metadata={"env": env, "unit": unit, "help": help, "bounds": bounds})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an application may decide about its telemetry. Secrets stay out of the ``repr``."""

    enabled: bool = _row(
        "SPANGLASS_ENABLED",
        default=True,
        help="Off: decorated functions are called straight through, nothing is recorded.",
    )
    endpoint: str = _row(
        "SPANGLASS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        default=semconv.DEFAULT_ENDPOINT,
        help="Base address of the collector, with or without `/v1/traces`.",
    )
    api_key: str = _row(
        "SPANGLASS_API_KEY", default="", secret=True, help="Key `sg_…`; not needed by a collector on loopback."
    )
    headers: tuple[str, ...] = _row(
        "SPANGLASS_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "OTEL_EXPORTER_OTLP_HEADERS",
        default=(),
        secret=True,
        help="Further headers of each request, `name=value`, separated by commas.",
    )
    certificate: str = _row(
        "SPANGLASS_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        default="",
        help="File with the certificates to trust for an `https` collector; unset: the system's.",
    )
    project: str = _row(
        "SPANGLASS_PROJECT",
        default=semconv.DEFAULT_PROJECT,
        help="Project, where no key decides it: a key has its project.",
    )
    service: str = _row(
        "SPANGLASS_SERVICE", "OTEL_SERVICE_NAME", default="", help="Name of the application; unset: its script."
    )
    environment: str = _row("SPANGLASS_ENVIRONMENT", default="", help="Where it runs: production, staging, …")
    release: str = _row("SPANGLASS_RELEASE", default="", help="Version of the application.")
    capture_content: bool = _row(
        "SPANGLASS_CAPTURE_CONTENT",
        default=True,
        help="Off: no prompts, completions, arguments or results, only figures.",
    )
    max_content_bytes: int = _row(
        "SPANGLASS_MAX_CONTENT_BYTES",
        default=1_000_000,
        unit="bytes",
        minimum=256,
        help="Longest input or output kept; beyond it long texts and lists inside are shortened, with a mark.",
    )
    export_interval_seconds: float = _row(
        "SPANGLASS_EXPORT_INTERVAL_SECONDS",
        default=1.0,
        unit="seconds",
        minimum=0.01,
        help="Longest a finished span waits before it is sent.",
    )
    max_queue_spans: int = _row(
        "SPANGLASS_MAX_QUEUE_SPANS",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        default=65_536,
        unit="spans",
        minimum=1,
        help="Most finished spans held in memory; beyond it they go to the spool, without one they are dropped.",
    )
    max_queue_bytes: int = _row(
        "SPANGLASS_MAX_QUEUE_BYTES",
        default=64_000_000,
        unit="bytes",
        minimum=1,
        help="Most memory that finished spans take; beyond it they go to the spool, without one they are dropped.",
    )
    max_batch_spans: int = _row(
        "SPANGLASS_MAX_BATCH_SPANS",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        default=512,
        unit="spans",
        minimum=1,
        help="Most spans in one request.",
    )
    max_batch_bytes: int = _row(
        "SPANGLASS_MAX_BATCH_BYTES",
        default=4_000_000,
        unit="bytes",
        minimum=1_024,
        help="Size of a request before compression; spans beyond it go with the next one.",
    )
    compression: str = _row(
        "SPANGLASS_COMPRESSION",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        default="auto",
        allowed=("auto", "none", "gzip", "zstd"),
        help="`auto`: none to this machine; else zstd where Python has it (3.14, or `backports.zstd`), or gzip.",
    )
    spool_dir: str = _row(
        "SPANGLASS_SPOOL_DIR",
        default="auto",
        help="Where spans wait on disk while the collector is away; `auto`: below the user's state folder; `off`: nowhere.",
    )
    max_spool_bytes: int = _row(
        "SPANGLASS_MAX_SPOOL_BYTES",
        default=256_000_000,
        unit="bytes",
        help="Most disk the spool takes, all processes together; beyond it spans are dropped.",
    )
    timeout_seconds: float = _row(
        "SPANGLASS_TIMEOUT_SECONDS",
        default=10.0,
        unit="seconds",
        minimum=0.01,
        help="For one request.",
    )
    exit_timeout_seconds: float = _row(
        "SPANGLASS_EXIT_TIMEOUT_SECONDS",
        default=3.0,
        unit="seconds",
        help="Longest the end of the process waits for what is unsent, by earlier processes too.",
    )
    serverless: str = _row(
        "SPANGLASS_SERVERLESS",
        default="auto",
        allowed=("auto", "on", "off"),
        help="On: the end of a trace's first span waits until all is sent, as the process may be frozen next.",
    )
    propagate_context: bool = _row(
        "SPANGLASS_PROPAGATE_CONTEXT",
        default=True,
        help="Threads and executors carry on the span they were started in.",
    )
    sample_rate: float = _row(
        "SPANGLASS_SAMPLE_RATE",
        default=1.0,
        maximum=1,
        help="Share of traces that is kept, chosen by trace id.",
    )
    sample_keep_interesting: bool = _row(
        "SPANGLASS_SAMPLE_KEEP_INTERESTING",
        default=True,
        help="With a rate below 1: traces with an error, slow or costly ones are kept all the same.",
    )
    sample_slow_seconds: float = _row(
        "SPANGLASS_SAMPLE_SLOW_SECONDS",
        default=10.0,
        unit="seconds",
        help="What counts as slow: a trace, or one model call in it.",
    )
    sample_costly_usd: float = _row(
        "SPANGLASS_SAMPLE_COSTLY_USD",
        default=0.10,
        unit="usd",
        help="What counts as costly: the cost told by the client, summed over the trace.",
    )
    sample_costly_tokens: int = _row(
        "SPANGLASS_SAMPLE_COSTLY_TOKENS",
        default=50_000,
        unit="tokens",
        help="What counts as costly where no cost is told: input and output tokens, summed over the trace.",
    )
    mask_patterns: tuple[str, ...] = _row(
        "SPANGLASS_MASK_PATTERNS",
        default=(),
        help="What to blot out of texts before they leave: names such as `email`, or regular expressions. "
        "Separated by commas, or a JSON list.",
    )
    mask_paths: tuple[str, ...] = _row(
        "SPANGLASS_MASK_PATHS",
        default=(),
        help="Whose values to blot out: paths of keys, such as `*.password`. Separated by commas, or a JSON list.",
    )
    mask_hash_key: str = _row(
        "SPANGLASS_MASK_HASH_KEY",
        default="",
        secret=True,
        help="With it a mark carries a keyed hash of what it stands for, so that equal values can be told.",
    )
    raise_errors: bool = _row(
        "SPANGLASS_RAISE_ERRORS",
        default=False,
        help="For tests of the SDK: its own failures are raised, not swallowed.",
    )

    @property
    def base_url(self) -> str:
        """Address of the collector without a path of a signal and without a slash at the end."""
        address = self.endpoint if "://" in self.endpoint else f"http://{self.endpoint}"
        return address.rstrip("/").removesuffix(semconv.TRACES_PATH).rstrip("/")

    @property
    def traces_url(self) -> str:
        """Where spans go."""
        return self.base_url + semconv.TRACES_PATH

    @property
    def scores_url(self) -> str:
        """Where scores go."""
        return self.base_url + semconv.SCORES_PATH

    @property
    def is_local(self) -> bool:
        """Whether the collector is on this machine."""
        host = urlsplit(self.base_url).hostname or ""
        return host in {"localhost", "::1"} or host.startswith("127.")

    @property
    def request_headers(self) -> dict[str, str]:
        """What every request to the collector carries to say who sends it."""
        named = {semconv.PROJECT_HEADER: self.project} if self.project else {}
        key = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {**named, **dict(part.split("=", 1) for part in self.headers if "=" in part), **key}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the configuration table."""

    name: str
    env: tuple[str, ...]
    default: object
    unit: str
    help: str


def table() -> Iterator[Row]:
    """The configuration table, in the order of the fields of ``Settings``."""
    for each in fields(Settings):
        about = each.metadata
        yield Row(each.name, about["env"], each.default, about["unit"], about["help"])


def from_environment(environ: Mapping[str, str] = os.environ, /, **chosen: object) -> tuple[Settings, list[str]]:
    """Settings of ``chosen`` (``None`` means not chosen) over ``environ`` over the defaults.

    Returns them with one sentence for each value that could not be read and was left at its default.
    """
    values: dict[str, Any] = {}
    complaints: list[str] = []
    for each in fields(Settings):
        sources = [(f"argument {each.name}", chosen.get(each.name))]
        sources += [(name, environ.get(name, "").strip() or None) for name in each.metadata["env"]]
        source, value = next(((source, value) for source, value in sources if value is not None), ("", None))
        if value is None:
            continue
        try:
            values[each.name] = READ[type(each.default)](value, each.metadata["bounds"])
        except (TypeError, ValueError) as error:
            complaints.append(f"{source} is ignored: {error}; {each.name} stays {each.default!r}")
    if is_true(environ.get("OTEL_SDK_DISABLED")) and chosen.get("enabled") is None:
        values["enabled"] = False
    return Settings(**values), complaints
