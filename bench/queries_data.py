"""The data of ``make bench-queries``: what an application with a support assistant does in 30 days. Pure: SQL as text.

Every value is a hash of (number of the trace, number of the span in it, what it is for), so the same number of spans is
always the same data. Text is windows of one long corpus whose words are as common as in a language (Zipf); a quarter of
the model calls name a ticket nobody else names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from queries_text import PIECE_BYTES, REACH_BYTES

from spanglass_store.query import Window

DAYS: Final = 30
DAY_NS: Final = 86_400 * 10**9
PROJECT: Final = "shop"
USERS: Final = 20_000
LARGE_TRACE_SPANS: Final = 5_000
MEAN_TRACE_SPANS: Final = 5
END_NS: Final = 1_793_491_200 * 10**9  # 2026-11-01 00:00 UTC: the same days whenever it is run
START_NS: Final = END_NS - DAYS * DAY_NS

MODELS: Final = (  # name asked for, name that answers, provider, USD for a million tokens in and out; 0: unknown
    ("gpt-5-mini", "gpt-5-mini-2025-08-07", "openai", 0.25, 2.0),
    ("gpt-5", "gpt-5-2025-08-07", "openai", 1.25, 10.0),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic", 3.0, 15.0),
    ("claude-haiku-4-5", "claude-haiku-4-5-20251001", "anthropic", 1.0, 5.0),
    ("gemini-2.5-flash", "gemini-2.5-flash", "gcp.gemini", 0.3, 2.5),
    ("gemini-2.5-pro", "gemini-2.5-pro", "gcp.gemini", 1.25, 10.0),
    ("mistral-medium", "mistral-medium-2508", "mistral_ai", 0.4, 2.0),
    ("llama-3.3-70b", "llama-3.3-70b", "vllm", 0.0, 0.0),
)
SERVICES: Final = ("assistant", "triage", "search", "reports")
TASKS: Final = (
    "answer",
    "summarise",
    "classify",
    "translate",
    "extract",
    "plan",
    "rewrite",
    "route",
    "judge",
    "draft",
    "match",
    "explain",
)
TAGS: Final = (
    "beta",
    "vip",
    "mobile",
    "web",
    "batch",
    "internal",
    "german",
    "french",
    "retry",
    "night",
    "canary",
    "voice",
)
ERRORS: Final = ("RateLimitError", "APITimeoutError", "BadRequestError", "ContextWindowExceeded", "ToolError")
TENANTS: Final = 200
STRETCH_SPANS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How many traces there are, and which is the large one. ``spans`` is what was asked for: the hashes decide."""

    spans: int

    @property
    def traces(self) -> int:
        """A multiple of the number of days."""
        return max(1, round(self.spans / MEAN_TRACE_SPANS / DAYS)) * DAYS

    @property
    def large_trace(self) -> int:
        """Number of the trace of ``LARGE_TRACE_SPANS`` spans, in the second third of the time."""
        return self.traces * 3 // 5

    @property
    def corpus_bytes(self) -> int:
        """How long the text is that all texts are cut from."""
        return min(48_000_000, max(2_000_000, 48 * self.spans))

    def stretches(self) -> Iterator[tuple[int, int]]:
        """(first day, days) of what is made at a time: whole days, and about ``STRETCH_SPANS`` or one day of it."""
        days = max(1, min(DAYS, STRETCH_SPANS * DAYS // self.spans))
        return ((day, min(days, DAYS - day)) for day in range(0, DAYS, days))


def last(days: float) -> Window:
    """The window of so many days that ends where the data ends."""
    return Window(END_NS - round(days * DAY_NS), END_NS)


def _trace(what: str) -> str:
    return f"cityHash64(t, '{what}')"


def _span(what: str) -> str:
    return f"cityHash64(t, i, '{what}')"


def _share(hashed: str) -> str:
    return f"({hashed} % 1000003 / 1000003)"


def _normal(hashed: str) -> str:
    """About normally distributed: the sum of three even ones."""
    return f"2 * ({hashed} % 1009 / 1009 + intDiv({hashed}, 1009) % 1013 / 1013 + intDiv({hashed}, 1022117) % 1019 / 1019 - 1.5)"


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def _pick(values: Sequence[str], hashed: str, skew: float = 1.0) -> str:
    """One of the values; with more skew the first ones more often."""
    return f"{_list(values)}[1 + toUInt32(floor({len(values)} * pow({_share(hashed)}, {skew})))]"


def _of_model(column: int) -> str:
    values = (
        str(model[column]) if isinstance(model[column], str) else str(round(model[column] * 1000)) for model in MODELS
    )
    return f"{_list([*values])}[model]"


def _window(hashed: str, length: str) -> str:
    """Whole words, some ``length`` bytes of the corpus, from anywhere."""
    piece = f"joinGet({{pieces}}, 'text', toUInt32(intDiv({hashed}, {PIECE_BYTES}) % {{piece_count}}))"
    return f"extract(substring({piece}, 1 + {hashed} % {PIECE_BYTES}, {length}), ' (.*) ')"


def _length(hashed: str, least: int, mean: int) -> str:
    """Lengths that are spread exponentially."""
    return f"toUInt32(least({REACH_BYTES - PIECE_BYTES}, {least} - {mean - least} * log(1 - {_share(hashed)})))"


def _json(role: str, parts: str) -> str:
    return f"""concat('[{{"role":"{role}","parts":[{{"type":"text","content":"', {parts}, '"}}]}}]')"""


_SYSTEM: Final = """'[{"role":"system","parts":[{"type":"text","content":"You are the assistant of a shop. Your task: ', task,
', version ', version, '. Answer in the language of the question, in at most ', toString(2 + position(task, 'a')), ' sentences, only from the articles',
' below. Say so where they do not hold the answer. Never promise a refund."}]},{"role":"user","parts":[{"type":"text","content":"'"""

_TRACES: Final = f"""
SELECT number AS t,
multiIf(t = {{large}}, {LARGE_TRACE_SPANS}, {_trace("size")} % 100 < 20, 1, {_trace("size")} % 100 < 45, 3,
    {_trace("size")} % 100 < 70, 5, {_trace("size")} % 100 < 90, 8, 12) AS size,
{START_NS} + t * {{step_ns}} + {_trace("jitter")} % {{step_ns}} AS began_ns,
intDiv(t, 400) * 100 + t % 100 AS session,
concat('user-', toString(toUInt32(floor({USERS} * pow({_share("cityHash64(session, 'user')")}, 2))))) AS user_id,
concat('s-', lower(hex(cityHash64(session, 'id')))) AS session_id,
sipHash128(t, 'trace') AS trace_id,
{_pick(SERVICES, _trace("service"), 1.5)} AS service,
if({_trace("environment")} % 10 = 0, 'staging', 'production') AS environment,
concat('1.', toString(intDiv(t * 15, {{traces}}))) AS release,
arraySlice(arrayDistinct([{_pick(TAGS, _trace("tag"), 2)}, {_pick(TAGS, _trace("second tag"), 2)}]), 1, {_trace("tags")} % 3) AS tags,
map('plan', if({_trace("plan")} % 5 = 0, 'pro', 'free'), 'region', ['eu', 'us', 'asia'][1 + {_trace("region")} % 3]) AS metadata,
{_pick(TASKS, _trace("task"), 1.5)} AS task,
concat('tenant-', toString(toUInt32(floor({TENANTS} * pow({_share(_trace("tenant"))}, 2))))) AS tenant,
concat('node-', toString({_trace("node")} % 12)) AS node,
{_window(_trace("question"), _length(_trace("question length"), 60, 220))} AS question,
arrayJoin(range(size)) AS i
FROM numbers({{first}}, {{count}})
"""

_SPANS: Final = f"""
SELECT *,
multiIf(size = 1, 'llm', i = 0, 'agent', ['llm', 'retriever', 'llm', 'tool', 'embedding', 'llm', 'tool'][1 + (i - 1) % 7]) AS kind,
{_span("error")} % 50 = 0 AS failed,
kind = 'llm' AS is_llm,
kind IN ('llm', 'embedding') AS is_call,
if(kind = 'embedding', 5, 1 + toUInt32(floor(8 * pow({_share(_trace("model"))}, 1.5)))) AS model,
if(is_llm AND {_span("prompt")} % 10 < 8, task, '') AS prompt,
toString(1 + toUInt32(floor(t * 6 / {{traces}} + 0.5 * {_share(_trace("version"))}))) AS version,
{_window(_span("text"), "if(is_llm, " + _length(_span("length"), 40, 360) + ", 80 + " + _span("length") + " % 60)")} AS said,
{_window(_span("answer"), "multiIf(is_llm, " + _length(_span("answer length"), 50, 340) + ", kind = 'retriever', 500, kind = 'embedding', 0, 200 + " + _span("answer length") + " % 200)")} AS answered,
if(is_llm AND {_span("ticket")} % 4 = 0, concat(' Ticket TKT', leftPad(toString({_span("ticket number")} % 10000000000), 10, '0'), '.'), '') AS ticket
FROM ({_TRACES})
"""

COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("project", f"'{PROJECT}'"),
    ("trace_id", "trace_id"),
    ("span_id", _span("span")),
    ("parent_span_id", "if(i = 0, 0, cityHash64(t, toInt64(intDiv(i - 1, 2)), 'span'))"),
    ("start_time", f"fromUnixTimestamp64Nano(toInt64(began_ns + i * if(size > 100, 20000000, 180000000) + {_span('start')} % 20000000), 'UTC')"),
    ("duration_ns", f"toUInt64(multiIf(is_llm, 9e8, i = 0, size * 4.5e8, kind = 'tool', 1.2e8, 4e7) * exp(0.7 * {_normal(_span('duration'))}))"),
    ("name", f"multiIf(is_llm, concat('chat ', {_of_model(0)}), i = 0, concat(task, ' ', service), kind = 'tool', concat('tool ', {_pick(TASKS, _span('tool'), 2)}), kind)"),
    ("kind", "kind"),
    ("status", "if(failed, 'error', if(is_llm, 'ok', 'unset'))"),
    ("error_type", f"if(failed, {_pick(ERRORS, _span('error type'), 2)}, '')"),
    ("error_message", f"if(failed, concat({_pick(ERRORS, _span('error type'), 2)}, ': request ', lower(hex({_span('request')})), ' was not answered'), '')"),
    ("service", "service"),
    ("environment", "environment"),
    ("release", "release"),
    ("session_id", "session_id"),
    ("user_id", "user_id"),
    ("tags", "tags"),
    ("metadata", "metadata"),
    ("provider", f"if(is_call, {_of_model(2)}, '')"),
    ("request_model", f"if(is_call, {_of_model(0)}, '')"),
    ("response_model", f"if(is_call AND NOT failed, {_of_model(1)}, '')"),
    ("response_id", f"if(is_llm AND NOT failed, concat('chatcmpl-', lower(hex({_span('response')})), lower(hex({_span('response 2')}))), '')"),
    ("input", f"""multiIf(is_llm, concat({_SYSTEM}, said, ticket, ' ', question, '"}}]}}]'), i = 0, concat('{{"question":"', question, '"}}'), kind = 'embedding', {_json("user", "question")}, concat('{{"query":"', said, '"}}'))"""),
    ("output", f"multiIf(failed OR kind = 'embedding', '', is_llm, {_json('assistant', 'answered')}, concat('{{\"result\":\"', answered, '\"}}'))"),
    ("input_preview", "if(i = 0, substring(question, 1, 200), '')"),
    ("output_preview", "if(i = 0 AND NOT failed, substring(answered, 1, 200), '')"),
    ("parameters", "if(is_llm, map('temperature', '0.2', 'max_tokens', '1024'), map())"),
    ("finish_reasons", f"if(is_llm AND NOT failed, [if({_span('finish')} % 5 = 0, 'tool_call', 'stop')], [])"),
    ("tool_names", f"if(is_llm AND NOT failed AND {_span('finish')} % 5 = 0, [{_pick(TASKS, _span('called'), 2)}], [])"),
    ("input_tokens", "if(is_call AND NOT failed, toUInt32(8 + intDiv(length(input), 4)), NULL)"),
    ("output_tokens", "if(is_llm AND NOT failed, toUInt32(2 + intDiv(length(output), 4)), NULL)"),
    ("cache_read_tokens", f"if(is_llm AND NOT failed, toUInt32(if({_span('cached')} % 3 = 0, 64, 0)), NULL)"),
    ("usage_counted", "1"),
    ("input_cost_usd", f"if(is_call AND NOT failed AND model < 8, toDecimal64(input_tokens * toUInt32({_of_model(3)}) / 1e9, 9), NULL)"),
    ("output_cost_usd", f"if(is_llm AND NOT failed AND model < 8, toDecimal64(output_tokens * toUInt32({_of_model(4)}) / 1e9, 9), NULL)"),
    ("cost_usd", "if(input_cost_usd IS NULL, NULL, ifNull(input_cost_usd, 0) + ifNull(output_cost_usd, 0))"),
    ("cost_source", "if(input_cost_usd IS NULL, '', 'computed')"),
    ("price_id", f"if(input_cost_usd IS NULL, '', concat({_of_model(0)}, '@2026-01-01'))"),
    ("time_to_first_token_ns", f"if(is_llm AND NOT failed AND {_span('streamed')} % 2 = 0, toUInt64(duration_ns * (0.1 + 0.4 * {_share(_span('first token'))})), NULL)"),
    ("prompt_name", "prompt"),
    ("prompt_version", "if(prompt = '', '', version)"),
    ("sampling_weight", "1"),
    ("attributes", f"""multiIf(is_llm, map('tenant', tenant, 'request.id', lower(hex({_span('request')})), 'server.address', concat('api.', {_of_model(2)}, '.example')),
        i = 0, map('tenant', tenant, 'http.route', concat('/', task), 'http.response.status_code', if(failed, '500', '200'), 'url.path', concat('/', task, '/', toString(session))),
        kind = 'tool', map('tenant', tenant, 'order.id', toString({_trace('order')} % 100000000)),
        map('tenant', tenant, 'db.system.name', 'qdrant', 'retrieval.top_k', toString(3 + {_span('k')} % 8)))"""),
    ("resource", "map('service.name', service, 'service.version', release, 'deployment.environment.name', environment, 'host.name', node, 'telemetry.sdk.language', 'python', 'telemetry.sdk.name', 'opentelemetry', 'telemetry.sdk.version', '1.45.2')"),
    ("scope_name", "if(is_llm, 'spanglass.clients', 'spanglass')"),
    ("scope_version", "'0.1.0'"),
    ("events", """if(failed, concat('[{"time_ns":', toString(began_ns), ',"name":"exception","attributes":{"exception.type":"', error_type, '","exception.message":"', error_message, '"}}]'), '')"""),
)  # fmt: skip
"""Columns of ``spans`` and what makes them; later ones may name earlier ones. Those not here stay empty."""


def spans_insert(database: str, pieces_table: str, plan: Plan, day: int, days: int) -> str:
    """The statement that makes the spans of the traces that begin on ``days`` days from number ``day`` on."""
    where = {
        "pieces": f"'{pieces_table}'",
        "piece_count": (plan.corpus_bytes - REACH_BYTES) // PIECE_BYTES + 1,
        "large": plan.large_trace,
        "step_ns": DAYS * DAY_NS // plan.traces,
        "traces": plan.traces,
        "first": day * plan.traces // DAYS,
        "count": days * plan.traces // DAYS,
    }
    source = _SPANS
    for name, value in where.items():
        source = source.replace(f"{{{name}}}", str(value))
    names = [name for name, _ in COLUMNS]
    made = ",\n".join(f"{value} AS {name}" for name, value in COLUMNS)
    return f"INSERT INTO {database}.spans ({', '.join(names)}) SELECT {made} FROM ({source})"


def scores_insert(database: str, plan: Plan) -> str:
    """The statement that makes the scores: of every fifth trace a judge's mark, of half of those what the user said."""
    step_ns = DAYS * DAY_NS // plan.traces
    mark = f"0.55 + 0.02 * ({_trace('service')} % 5) + 0.3 * {_share(_trace('mark'))} - if(t * 10 > 7 * {plan.traces}, 0.06, 0)"
    helpful = f"toFloat64({_share(_trace('helpful'))} < 0.8)"
    return f"""
    INSERT INTO {database}.scores (project, name, score_id, timestamp, trace_id, data_type, value, source, evaluator_id, updated_at)
    SELECT '{PROJECT}', name, lower(hex(cityHash64(t, name, 'score'))),
    fromUnixTimestamp64Nano(toInt64({START_NS} + t * {step_ns} + {_trace("judged")} % 60000000000), 'UTC') AS timestamp,
    sipHash128(t, 'trace'), if(name = 'quality', 'numeric', 'boolean'), if(name = 'quality', {mark}, {helpful}),
    if(name = 'quality', 'judge', 'user'), if(name = 'quality', 'judge-1', ''), timestamp
    FROM (SELECT number AS t, arrayJoin(if({_trace("thumb")} % 2 = 0, ['quality', 'helpful'], ['quality'])) AS name
    FROM numbers({plan.traces}) WHERE {_trace("scored")} % 5 = 0)
    """
