"""What a client told of one span, in canonical words, whatever words it used. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from spanglass.semconv import Kind
from spanglass_collector.messages import Message, Part

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Told:
    """Canonical fields as they were told; None or empty where nothing was.

    ``understood`` are the attributes that are kept here and need not be kept again. ``metadata`` and ``parameters``
    are joined over all dialects of a span; of every other field the first dialect that tells it decides. ``status`` is
    for conventions that do not use the span's own: ``error`` or ``ok``, and it wins. ``duration_ns`` is for spans that
    are written when all is over: they ended when they say, and began that long before.

    Of its forty fields a span tells a handful: those lie in the instance, the others are read from the class.
    """

    kind: Kind | None = None
    status: str = ""
    error_type: str = ""
    error_message: str = ""
    http_status: str = ""
    session_id: str = ""
    user_id: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = NOTHING
    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    system_fingerprint: str = ""
    service_tier: str = ""
    system_parts: Sequence[Part] = ()
    input_messages: Sequence[Message] = ()
    output_messages: Sequence[Message] = ()
    input_text: str = ""
    output_text: str = ""
    parameters: Mapping[str, str] = NOTHING
    finish_reasons: tuple[str, ...] = ()
    tool_name: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    usage_counted: bool | None = None
    cost_usd: Decimal | None = None
    time_to_first_token_ns: int | None = None
    duration_ns: int | None = None
    prompt_name: str = ""
    prompt_version: str = ""
    sampling_weight: float | None = None
    understood: AbstractSet[str] = frozenset()

    def __init__(self, told: dict[str, Any], understood: AbstractSet[str] = frozenset()) -> None:
        """Take ``told`` as it is: the caller gives it away."""
        self.__dict__ = told
        told["understood"] = understood


FIELDS: Final = frozenset(Told.__annotations__) - {"understood"}
JOINED: Final = frozenset({"metadata", "parameters"})
"""Fields that are maps, joined over the dialects of one span."""
