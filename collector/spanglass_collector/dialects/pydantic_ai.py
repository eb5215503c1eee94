"""Pydantic AI: what it says beside ``gen_ai.*``, mostly on the span of an agent's run. Pure.

Usage of a run goes by names of its own (``gen_ai.aggregated_usage.*``), so it is never mistaken for that of a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from spanglass_collector import values
from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects.dialect import Dialect, Found, Phrase, Word
from spanglass_collector.messages import messages_from_value

SCOPE: Final = "pydantic-ai"
ALL_MESSAGES: Final = "pydantic_ai.all_messages"
_OF_USERS: Final = ("session_id", "user_id")


def _run(span: WireSpan) -> Iterable[Found]:
    """What was said to an agent, and what it answered at last."""
    told = messages_from_value(span.attributes.get(ALL_MESSAGES), "user") or []
    answers = bool(told) and told[-1].get("role") == "assistant"
    if said := told[:-1] if answers else told:
        yield Found("input_messages", said, (ALL_MESSAGES,))
    if answers:
        yield Found("output_messages", told[-1:], (ALL_MESSAGES,))


def _metadata(span: WireSpan) -> Iterable[Found]:
    """The metadata of a run, and the session and the user that an application put there."""
    told = values.text_map(span.attributes.get("metadata"))
    if told:
        yield Found("metadata", told, ("metadata",))
        for field in _OF_USERS:
            if told.get(field):
                yield Found(field, told[field])


PYDANTIC_AI: Final = Dialect(
    name="pydantic_ai",
    prefixes=(),
    scopes=(SCOPE,),
    only_scopes=True,
    words=(Word("final_result", "output_text", values.as_text),),
    phrases=(Phrase((ALL_MESSAGES,), _run), Phrase(("metadata",), _metadata)),
)
