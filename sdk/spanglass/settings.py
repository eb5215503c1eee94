"""Every setting of the SDK: one frozen dataclass whose fields are also the table that the documentation shows.

A value comes from the argument of ``spanglass.init``, else from the first environment variable of the row that
is set, else from the default. A variable that cannot be read is reported and its default used: a typing mistake in a
deployment must not stop an application.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def _row(*env: str, default: object, unit: str = "", help: str, secret: bool = False, minimum: float = 0) -> Any:  # noqa: A002
    metadata = {"env": env, "unit": unit, "help": help, "minimum": minimum}
    return field(default=default, repr=not secret, metadata=metadata)


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
        help="Longest wait before a send.",
    )
    max_queue_spans: int = _row(
        "SPANGLASS_MAX_QUEUE_SPANS",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        default=8_192,
        unit="spans",
        minimum=1,
        help="Finished spans kept for sending; when it is full the oldest are dropped and counted.",
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
        minimum=1,
        help="Size of a request before compression; a batch beyond it is sent in parts.",
    )
    timeout_seconds: float = _row(
        "SPANGLASS_TIMEOUT_SECONDS",
        default=10.0,
        unit="seconds",
        minimum=0.01,
        help="For one request, its retries included.",
    )
    exit_timeout_seconds: float = _row(
        "SPANGLASS_EXIT_TIMEOUT_SECONDS",
        default=3.0,
        unit="seconds",
        help="Longest the end of the process waits for what is unsent.",
    )
    raise_errors: bool = _row(
        "SPANGLASS_RAISE_ERRORS",
        default=False,
        help="For tests of the SDK: its own failures are raised, not swallowed.",
    )

    @property
    def base_url(self) -> str:
        """Address of the collector without a path of a signal and without a slash at the end."""
        return self.endpoint.rstrip("/").removesuffix(semconv.TRACES_PATH).rstrip("/")

    @property
    def traces_url(self) -> str:
        """Where spans go."""
        return self.base_url + semconv.TRACES_PATH

    @property
    def scores_url(self) -> str:
        """Where scores go."""
        return self.base_url + semconv.SCORES_PATH

    @property
    def headers(self) -> dict[str, str]:
        """What every request to the collector carries to say who sends it."""
        named = {semconv.PROJECT_HEADER: self.project} if self.project else {}
        return {**named, "Authorization": f"Bearer {self.api_key}"} if self.api_key else named


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
            values[each.name] = _READ[type(each.default)](value, each.metadata["minimum"])
        except (TypeError, ValueError) as error:
            complaints.append(f"{source} is ignored: {error}; {each.name} stays {each.default!r}")
    if _is_true(environ.get("OTEL_SDK_DISABLED")) and chosen.get("enabled") is None:
        values["enabled"] = False
    return Settings(**values), complaints


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in _TRUE


def _read_text(value: object, _minimum: float) -> str:
    if not isinstance(value, str):
        message = f"a text is needed, not {type(value).__name__}"
        raise TypeError(message)
    return value


def _read_switch(value: object, _minimum: float) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        message = f"{text!r} is neither true nor false"
        raise ValueError(message)
    return text in _TRUE


def _read_number(kind: type[int | float]) -> Callable[[object, float], float]:
    def read(value: object, minimum: float) -> float:
        number = kind(str(value))
        if not minimum <= number < float("inf"):
            message = f"{number} is out of range, the least is {minimum:g}"
            raise ValueError(message)
        return number

    return read


_READ: Final[dict[type, Callable[[object, float], object]]] = {
    str: _read_text,
    bool: _read_switch,
    int: _read_number(int),
    float: _read_number(float),
}
