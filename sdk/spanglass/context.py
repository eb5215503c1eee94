"""Facts about the work at hand that every span below it carries: user, session, tags, metadata, prompt.

They live in the OpenTelemetry context, as the attributes they will become: where the current span goes, they go, and
the attributes are made once a ``with`` and not once a span.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self

from opentelemetry import context as otel_context
from opentelemetry import trace

from spanglass import semconv
from spanglass.capture import wire_value
from spanglass.current import here, leave
from spanglass.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextvars import Token

AMBIENT_KEY: Final = otel_context.create_key("spanglass-ambient")
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_MAX_VALUE_BYTES: Final = 4_096


class context:  # noqa: N801  read as a statement: with spanglass.context(user_id=…)
    """Give every span started inside the ``with`` block these facts; blocks nest, and the inner one wins.

    Tags add up. Metadata adds up key by key; a value that is neither text, number nor boolean is kept as JSON. The
    block may be left in another task or thread than it was entered in. Also usable as ``async with``.
    """

    __slots__ = ("_facts", "_metadata", "_tags", "_token")

    def __init__(
        self,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        tags: Iterable[str] = (),
        metadata: Mapping[str, object] | None = None,
        prompt_name: str | None = None,
        prompt_version: str | int | None = None,
    ) -> None:
        told = {
            semconv.USER_ID: user_id,
            semconv.SESSION_ID: session_id,
            semconv.PROMPT_NAME: prompt_name,
            semconv.PROMPT_VERSION: prompt_version,
        }
        self._facts = {name: value for name, value in told.items() if value is not None}
        self._metadata = metadata or {}
        self._tags = (tags,) if isinstance(tags, str) else tags
        self._token: Token[otel_context.Context] | None = None

    def __enter__(self) -> Self:
        with guarded("context"):
            around = here()
            merged = merge(ambient(around), self._facts, self._tags, self._metadata)
            self._token = otel_context.attach(otel_context.set_value(AMBIENT_KEY, merged, around))
        return self

    def __exit__(self, *_exc: object) -> None:
        leave(self._token)
        self._token = None

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)


def merge(
    outer: Mapping[str, Any], facts: Mapping[str, object], tags: Iterable[str], metadata: Mapping[str, object]
) -> dict[str, Any]:
    """The attributes of a block inside a block that has ``outer``."""
    merged = {**outer, **{name: str(value) for name, value in facts.items()}}
    all_tags = dict.fromkeys((*outer.get(semconv.TAGS, ()), *map(str, tags)))
    if all_tags:
        merged[semconv.TAGS] = list(all_tags)
    return merged | metadata_attributes(metadata)


def metadata_attributes(metadata: Mapping[str, object]) -> dict[str, Any]:
    """One attribute a key."""
    return {semconv.METADATA_PREFIX + str(key): wire_value(item, _MAX_VALUE_BYTES) for key, item in metadata.items()}


def ambient(of: otel_context.Context | None = None) -> Mapping[str, Any]:
    """The attributes that spans started in this OpenTelemetry context (default: the current one) carry."""
    found = otel_context.get_value(AMBIENT_KEY, of)
    return found if isinstance(found, dict) else NOTHING


def current_trace_id() -> str | None:
    """The trace of the current span as 32 hex digits, ``None`` outside of any."""
    found = trace.get_current_span(here()).get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid else None
