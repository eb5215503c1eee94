"""Strands Agents (measured: 1.62). Pure.

Messages are events of the span, their content JSON text of Bedrock's blocks. The framework stands where the provider
belongs, and nowhere is the provider. Times to the first token are whole milliseconds, in the name that elsewhere has
seconds (``gen_ai``). What the application gives as attributes of its trace lies on every span without a namespace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from spanglass import semconv
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import EVENT, Dialect, Family, Found, Phrase, Word
from spanglass_collector.dialects.providers import FRAMEWORKS, vendor_of
from spanglass_collector.message_events import CHOICE, ROLES
from spanglass_collector.message_parts import plain_text
from spanglass_collector.messages import messages_from_value

SYSTEMS: Final = ("gen_ai.system", semconv.PROVIDER_NAME)
TOOL: Final = "execute_tool"


def _provider(span: WireSpan) -> Iterable[Found]:
    """Who makes the model, in place of the framework."""
    named = {values.lower(span.attributes.get(name)) for name in SYSTEMS} - {None}
    model = values.text(span.attributes.get(semconv.REQUEST_MODEL))
    if named <= FRAMEWORKS and model and (vendor := vendor_of(model)):
        yield Found("provider", vendor)


def _messages(span: WireSpan) -> Iterable[Found]:
    """What was said, event by event; of a tool what it was given and what it gave back."""
    said: list[Any] = []
    answered: list[Any] = []
    for event in span.events:
        role = ROLES.get(event.name)
        if role is not None:
            told = event.attributes
            content = _opened(told.get("message") if event.name == CHOICE else told.get("content"))
            message = {"role": role, "content": content, "finish_reason": told.get("finish_reason")}
            (answered if event.name == CHOICE else said).append(message)
    if span.attributes.get(semconv.OPERATION_NAME) == TOOL:
        yield from _of_tool(said, answered)
        return
    for field, listed, role in (("input_messages", said, "user"), ("output_messages", answered, "assistant")):
        if messages := messages_from_value(listed, role):
            yield Found(field, messages)


def _of_tool(said: list[Any], answered: list[Any]) -> Iterable[Found]:
    if said:
        yield Found("input_text", values.as_text(said[-1]["content"]))
    for message in messages_from_value(answered, "tool") or ():
        yield Found("output_text", plain_text(message["parts"]))


def _opened(content: Value) -> Value:
    """Blocks out of JSON text; any other text is what was said."""
    blocks = values.from_json(content) if isinstance(content, str) and content[:1] in {"[", "{"} else None
    return blocks if blocks is not None else content


STRANDS: Final = Dialect(
    name="strands",
    prefixes=("strands.",),
    scopes=("strands.",),
    only_scopes=True,
    words=(Word("tags", "tags", values.texts),),
    families=(Family("", "metadata", values.said, besides=frozenset({"tags"})),),
    phrases=(
        Phrase(SYSTEMS, _provider),
        Phrase(tuple(EVENT + name for name in ROLES), _messages),
    ),
)
