"""A shop assistant's past, made up from a seed: what the pages are tested with and photographed with. Pure."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from spanglass_store.scores import Score
from spanglass_store.span import Cost, Event, Span, Usage

MS: Final = 1_000_000
HOUR_NS: Final = 3_600 * 1_000 * MS

PRICES_USD_PER_MILLION: Final = {"gpt-5.1": (1.25, 10.0), "gpt-5.1-mini": (0.25, 2.0), "claude-sonnet-4-5": (3.0, 15.0)}
UNPRICED_MODEL: Final = "house-llama-70b"
MODELS: Final = (*PRICES_USD_PER_MILLION, UNPRICED_MODEL)

QUESTIONS: Final = (
    (
        "Where is my order 1182?",
        "Your order **1182** left our warehouse yesterday.\n\n- Carrier: DHL\n- Arrives: Friday",
    ),
    ("Do the walking boots run small?", "Most customers take their usual size. If you wear thick socks, take one up."),
    ("I want to send the jacket back", "No problem: you have 30 days. I have sent the label to your e-mail address."),
    ("Is the blue tent waterproof?", "Yes. The outer tent holds a 3,000 mm water column, the floor 5,000 mm."),
    ("Which stove works at altitude?", "The **Primus OmniLite** burns liquid fuel and works above 4,000 m."),
)


@dataclass(frozen=True, slots=True)
class History:
    """Spans and the scores given to them."""

    spans: list[Span]
    scores: list[Score]


def history(now_ns: int, *, traces: int = 400, hours: float = 24.0, seed: int = 7, project: str = "default") -> History:
    """``traces`` requests of the last ``hours``, denser towards ``now_ns`` and in waves."""
    dice = random.Random(seed)
    spans: list[Span] = []
    scores: list[Score] = []
    for _ in range(traces):
        start_ns = now_ns - int(dice.random() ** 1.15 * hours * HOUR_NS) - 20_000 * MS
        made = request(dice, start_ns, project=project)
        spans += made
        scores += _judged(dice, made)
    return History(spans, scores)


def request(dice: random.Random, start_ns: int, *, project: str = "default", failing: bool | None = None) -> list[Span]:
    """One request: an agent that retrieves, calls a tool, and answers with a streamed model call."""
    question, answer = dice.choice(QUESTIONS)
    model = dice.choices(MODELS, (5, 4, 3, 0.4))[0]
    fails = dice.random() < (0.08 if model == "claude-sonnet-4-5" else 0.015) if failing is None else failing
    trace_id = f"{dice.getrandbits(128):032x}"
    shared = Span(
        project=project,
        trace_id=trace_id,
        span_id="",
        parent_span_id="",
        start_ns=start_ns,
        end_ns=start_ns,
        name="",
        status="ok",
        service=dice.choices(("shop-assistant", "returns-desk"), (4, 1))[0],
        environment=dice.choices(("production", "staging"), (5, 1))[0],
        release="2026.11.2",
        user_id=f"user-{dice.randrange(120):03d}",
        session_id=f"s-{dice.randrange(4000):05d}",
        tags=("beta",) if dice.random() < 0.2 else (),
        metadata={"plan": dice.choice(("free", "pro"))},
        resource={"service.name": "shop-assistant", "host.name": "pod-7f"},
        scope_name="spanglass",
        scope_version="0.1.0",
    )
    clock = _Clock(dice, shared)
    root = clock.span("", "answer", "agent", 0, 0, input=question, output="" if fails else answer)
    search = clock.span(root.span_id, "search_catalogue", "retriever", 4, dice.uniform(40, 260), input=question)
    embed = clock.embedding(search.span_id, question)
    tool = clock.span(
        root.span_id,
        "get_order",
        "tool",
        dice.uniform(5, 30),
        dice.uniform(20, 400),
        input='{"order_id": 1182}',
        output='{"order_id": 1182, "status": "shipped", "carrier": "DHL"}',
    )
    plan = clock.call(root.span_id, "chat plan", dice.choice(("gpt-5.1-mini", model)), question, "", tool=True)
    final = clock.call(root.span_id, f"chat {model}", model, question, answer, failing=fails)
    end_ns = max(s.end_ns for s in (search, tool, plan, final)) + 2 * MS
    status = {"status": "error", "error_type": final.error_type, "error_message": final.error_message} if fails else {}
    root = replace(root, end_ns=end_ns, **status)  # type: ignore[arg-type]
    return [root, search, embed, plan, tool, final]


class _Clock:
    """Makes the spans of one request one after the other."""

    def __init__(self, dice: random.Random, shared: Span) -> None:
        self.dice = dice
        self.shared = shared
        self.now_ns = shared.start_ns

    def span(self, parent: str, name: str, kind: str, wait_ms: float, ms: float, **fields: Any) -> Span:
        """A span that starts ``wait_ms`` after the last one ended."""
        start_ns = self.now_ns + int(wait_ms * MS)
        self.now_ns = end_ns = start_ns + int(ms * MS)
        previews = {f"{key}_preview": fields[key][:200] for key in ("input", "output") if fields.get(key)}
        ids = {"span_id": f"{self.dice.getrandbits(64):016x}", "parent_span_id": parent}
        return replace(
            self.shared, **ids, start_ns=start_ns, end_ns=end_ns, name=name, kind=kind, **{**previews, **fields}
        )

    def embedding(self, parent: str, text: str) -> Span:
        """A priced embedding call, inside the retriever's time."""
        made = self.span(parent, "embed text-embedding-3-small", "embedding", -30, 18, input=text)
        tokens = 8 + len(text) // 4
        usage = Usage(input_tokens=tokens)
        cost = _cost(Decimal(tokens) * Decimal("0.02") / 1_000_000, Decimal(0))
        return replace(
            made, provider="openai", request_model="text-embedding-3-small", usage=usage, cost=cost,
            response_model="text-embedding-3-small",
        )  # fmt: skip

    def call(
        self,
        parent: str,
        name: str,
        model: str,
        question: str,
        answer: str,
        *,
        tool: bool = False,
        failing: bool = False,
    ) -> Span:
        """A model call with messages, usage and cost."""
        dice = self.dice
        speed = {"gpt-5.1-mini": 0.5, "claude-sonnet-4-5": 1.5}.get(model, 1.0)
        ms = dice.gammavariate(3, 260) * speed
        tokens_in, tokens_out = dice.randint(400, 3200), dice.randint(30, 600)
        usage = Usage(tokens_in, tokens_out, dice.randrange(tokens_in // 2), None, dice.randrange(tokens_out // 2 + 1))
        made = self.span(
            parent,
            name,
            "llm",
            dice.uniform(2, 12),
            ms,
            input=json.dumps(_asked(question, with_tool=not tool)),
            output="" if failing else json.dumps(_tool_call() if tool else _said(answer)),
        )
        error = _rate_limited(made) if failing else {}
        return replace(
            made,
            input_preview=question,
            output_preview=answer[:200],
            provider="anthropic" if model.startswith("claude") else "openai",
            request_model=model,
            response_model="" if failing else (f"{model}-2026-09-01" if model == "gpt-5.1" else model),
            response_id="" if failing else f"resp_{dice.getrandbits(48):012x}",
            system_fingerprint="fp_50cad350e4",
            parameters={"temperature": "0.2", "max_tokens": "800"},
            finish_reasons=() if failing else (("tool_calls",) if tool else ("stop",)),
            tool_names=("get_order",) if tool else (),
            usage=Usage() if failing else usage,
            cost=Cost() if failing else _priced(model, usage),
            time_to_first_token_ns=None if failing else int(ms * dice.uniform(0.15, 0.45) * MS),
            prompt_name="plan" if tool else "answer",
            prompt_version=dice.choice(("v3", "v4")),
            attributes={"gen_ai.operation.name": "chat", "server.address": "api.example.com"},
            **error,  # type: ignore[arg-type]
        )


def _priced(model: str, usage: Usage) -> Cost:
    if model not in PRICES_USD_PER_MILLION:
        return Cost()
    per_input, per_output = (Decimal(str(price)) / 1_000_000 for price in PRICES_USD_PER_MILLION[model])
    return _cost(per_input * (usage.input_tokens or 0), per_output * (usage.output_tokens or 0))


def _cost(input_usd: Decimal, output_usd: Decimal) -> Cost:
    return Cost(
        total_usd=input_usd + output_usd,
        input_usd=input_usd,
        output_usd=output_usd,
        source="computed",
        price_id="genai-prices@2026-11-01",
    )


def _rate_limited(span: Span) -> dict[str, Any]:
    message = "Error code: 429 - Rate limit reached for requests per minute"
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/app/shop/answer.py", line 48, in answer\n    reply = client.chat.completions.create(**asked)\n'
        f"openai.RateLimitError: {message}"
    )
    attributes = {
        "exception.type": "openai.RateLimitError",
        "exception.message": message,
        "exception.stacktrace": trace,
    }
    return {
        "status": "error",
        "error_type": "openai.RateLimitError",
        "error_message": message,
        "events": (Event(span.end_ns - MS, "exception", attributes),),
    }


def _asked(question: str, *, with_tool: bool) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [
        {"role": "system", "parts": [{"type": "text", "content": "You are the shop's assistant. Be brief and kind."}]},
        {"role": "user", "parts": [{"type": "text", "content": question}]},
    ]
    if with_tool:
        response = {"type": "tool_call_response", "id": "call_1", "response": {"order_id": 1182, "status": "shipped"}}
        messages += [*_tool_call(), {"role": "tool", "parts": [response]}]
    return messages


def _tool_call() -> list[dict[str, Any]]:
    call = {"type": "tool_call", "id": "call_1", "name": "get_order", "arguments": {"order_id": 1182}}
    thought = {"type": "reasoning", "content": "The customer asks about an order: look it up first."}
    return [{"role": "assistant", "parts": [thought, call], "finish_reason": "tool_calls"}]


def _said(text: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": "stop"}]


def _judged(dice: random.Random, spans: Sequence[Span]) -> list[Score]:
    root, final = spans[0], spans[-1]
    if final.status == "error":
        return []
    base = 0.86 if final.prompt_version == "v4" else 0.79
    value = min(1.0, max(0.0, dice.gauss(base, 0.09)))
    common = {"project": root.project, "trace_id": root.trace_id, "timestamp_ns": root.end_ns}
    scores = [
        Score(
            **common, score_id=f"j-{root.span_id}", name="faithful", value=value, source="judge", evaluator_id="judge-1"
        )
    ]
    if dice.random() < 0.35:
        up = float(dice.random() < base)
        scores.append(
            Score(
                **common,
                score_id=f"u-{root.span_id}",
                name="helpful",
                value=up,
                data_type="boolean",
                source="user",
                comment="" if up else "It did not answer my question.",
            )
        )
    return scores


def big_trace(start_ns: int, *, spans: int, seed: int = 1, project: str = "default") -> list[Span]:
    """One agent's trace of ``spans`` spans, up to eight deep."""
    dice = random.Random(seed)
    trace_id = f"{dice.getrandbits(128):032x}"
    kinds = ("llm", "tool", "retriever", "embedding", "chain", "guardrail", "agent")
    made = [
        Span(project, trace_id, f"{1:016x}", "", start_ns, start_ns + 1, "research", "agent", service="shop-assistant")
    ]
    depths = [0]
    for number in range(2, spans + 1):
        parent = dice.randrange(max(0, len(made) - 40), len(made)) if dice.random() < 0.8 else 0
        while depths[parent] > 7:
            parent = dice.randrange(len(made))
        kind = dice.choices(kinds, (30, 25, 12, 8, 15, 5, 5))[0]
        start = made[parent].start_ns + dice.randrange(500_000, 900 * MS)
        status = "error" if dice.random() < 0.02 else "ok"
        ends = start + int(dice.lognormvariate(18.4, 1.4))
        name, parent_id = f"{kind} step", made[parent].span_id
        made.append(Span(project, trace_id, f"{number:016x}", parent_id, start, ends, name, kind, status))
        depths.append(depths[parent] + 1)
    last = max(span.end_ns for span in made)
    return [replace(made[0], end_ns=last), *made[1:]]
