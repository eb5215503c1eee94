"""The shop's assistant: an ordinary application that looks things up, calls models and tools, and is observed.

Everything about observing it is the few ``spanglass`` lines; take them out and the assistant works the same. A visit
leaves this behind::

    shop-assistant            agent
    ├── find-articles         retriever
    │   └── embeddings …      embedding
    ├── chat gpt-4o           llm; asks for a tool where the question needs one
    ├── find_order            tool
    └── chat gpt-4o           llm, streamed
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import openai

import spanglass
from spanglass_cli.demo import catalogue
from spanglass_cli.demo.judge import judge
from spanglass_cli.demo.model import EMBEDDING_MODEL
from spanglass_cli.demo.visits import PROMPT_NAME, PROMPTS, Visit

FALLBACK_MODEL: Final = "gpt-4o-mini"
TEMPERATURE: Final = 0.2

TOOLS: Final[Mapping[str, Callable[[Any], dict[str, str]]]] = {
    "find_order": lambda given: catalogue.find_order(given["number"]),
    "check_stock": lambda given: catalogue.check_stock(given["product"]),
}
TOOL_DEFINITIONS: Final[list[Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": {given: {"type": "string"}}, "required": [given]},
        },
    }
    for name, description, given in (
        ("find_order", "State and expected day of an order", "number"),
        ("check_stock", "Availability of a product", "product"),
    )
]


class Assistant:
    """Answers customers with the models of an OpenAI-compatible provider."""

    def __init__(self, client: openai.OpenAI) -> None:
        self._client = spanglass.wrap(client)

    def serve(self, visit: Visit) -> None:
        """Answer one visit and note how good the answer was. A failure is the customer's, not ours: it is recorded."""
        with spanglass.context(
            user_id=visit.user_id,
            session_id=visit.session_id,
            tags=visit.tags,
            metadata={"plan": visit.plan},
            prompt_name=PROMPT_NAME,
            prompt_version=visit.prompt_version,
        ):
            try:
                answer, trace_id = self._answer(visit)
            except openai.APIError:
                return
            for score in judge(visit, answer):
                spanglass.score(**asdict(score), trace_id=trace_id)

    def _answer(self, visit: Visit) -> tuple[str, str]:
        with spanglass.span("shop-assistant", kind="agent") as span:
            span.set(input=visit.question)
            articles = self._find_articles(visit.question)
            system = PROMPTS[visit.prompt_version].format(articles="\n".join(f"- {article}" for article in articles))
            messages: list[Any] = [
                {"role": "system", "content": system},
                {"role": "user", "content": visit.question},
            ]
            needs_tool = bool(catalogue.topic_of(visit.question).tool)
            answer = self._with_tools(visit.model, messages) if needs_tool else self._stream(visit.model, messages)
            span.set(output=answer)
            return answer, span.trace_id

    def _find_articles(self, question: str) -> list[str]:
        with spanglass.span("find-articles", kind="retriever") as span:
            span.set(input=question)
            self._embed(question)
            found = catalogue.search(question)
            span.set(output=[{"article": topic.name, "score": score} for topic, score in found])
            return [topic.article for topic, _ in found]

    def _embed(self, question: str) -> list[float]:
        return self._client.embeddings.create(model=EMBEDDING_MODEL, input=question).data[0].embedding

    def _with_tools(self, model: str, messages: list[Any]) -> str:
        """One round of tools at most: ask, run what is wanted, and let the model put it into words."""
        asked: Any = self._client.chat.completions.create(
            model=model, messages=messages, tools=TOOL_DEFINITIONS, temperature=TEMPERATURE
        )
        message = asked.choices[0].message
        if not message.tool_calls:
            return message.content or ""
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls:
            result = _run_tool(call.function.name, call.function.arguments)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        return self._stream(model, messages)

    def _stream(self, model: str, messages: list[Any]) -> str:
        """The streamed answer; a model that has too much to do is replaced by a smaller one."""
        try:
            return self._stream_once(model, messages)
        except openai.RateLimitError:
            return self._stream_once(FALLBACK_MODEL, messages)

    def _stream_once(self, model: str, messages: list[Any]) -> str:
        stream: Any = self._client.chat.completions.create(
            model=model,
            messages=messages,
            temperature=TEMPERATURE,
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def _run_tool(name: str, arguments: str) -> str:
    """The tool's result as JSON; its failure too, so that the model can say what went wrong."""
    try:
        with spanglass.span(name, kind="tool") as span:
            span.set(input=json.loads(arguments))
            result = TOOLS[name](json.loads(arguments))
            span.set(output=result)
    except LookupError as error:
        return json.dumps({"error": str(error)})
    return json.dumps(result)
