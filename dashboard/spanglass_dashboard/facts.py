"""What is known about a span, as names and values to read. Unknown things are left out; unknown cost says so. Pure."""

from __future__ import annotations

from decimal import Decimal

from spanglass_store.numbers import format_seconds
from spanglass_store.span import Span

NS = 1_000_000_000
Rows = list[tuple[str, str]]


def details(span: Span) -> list[tuple[str, Rows]]:
    """Groups of (name, value), without those that have nothing to say."""
    groups = (
        ("Model", _model(span)),
        ("Usage", _usage(span)),
        ("Cost", _cost(span)),
        ("Request", sorted(span.parameters.items())),
        ("Time", _time(span)),
        ("Where", _where(span)),
    )
    return [(title, rows) for title, rows in groups if rows]


def usd(amount: Decimal) -> str:
    """Every digit that was stored, and at least cents: ``$0.0012345``, ``$3.00``."""
    digits = f"{amount:.9f}".rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"${int(whole):,}.{fraction.ljust(2, '0')}"


def _known(*rows: tuple[str, str | int | None]) -> Rows:
    return [
        (name, f"{value:,}" if isinstance(value, int) else value) for name, value in rows if value not in {None, ""}
    ]


def _model(span: Span) -> Rows:
    changed = span.request_model and span.response_model and span.request_model != span.response_model
    return _known(
        ("Provider", span.provider),
        ("Model asked for", span.request_model),
        ("Model that answered", f"{span.response_model} (not the one asked for)" if changed else span.response_model),
        ("Fingerprint", span.system_fingerprint),
        ("Service tier", span.service_tier),
        ("Response id", span.response_id),
        ("Finish reasons", ", ".join(span.finish_reasons)),
        ("Tools called", ", ".join(span.tool_names)),
        ("Prompt", " ".join(filter(None, (span.prompt_name, span.prompt_version)))),
    )


def _usage(span: Span) -> Rows:
    usage = span.usage
    rows = _known(
        ("Input tokens", usage.input_tokens),
        ("… of them read from cache", usage.cache_read_tokens),
        ("… of them written to cache", usage.cache_write_tokens),
        ("… of them audio", usage.input_audio_tokens),
        ("Output tokens", usage.output_tokens),
        ("… of them reasoning", usage.reasoning_tokens),
        ("… of them audio ", usage.output_audio_tokens),
    )
    if rows and not span.usage_counted:
        rows.append(("Counted", "no: told by another span of this trace too"))
    return rows


def _cost(span: Span) -> Rows:
    cost = span.cost
    if cost.total_usd is None:
        has_usage = span.usage.input_tokens is not None or span.usage.output_tokens is not None
        return [("Total", "unknown: no price for this model")] if has_usage else []
    amounts = (
        ("Total", cost.total_usd),
        ("Input", cost.input_usd),
        ("Output", cost.output_usd),
        ("Cache read", cost.cache_read_usd),
        ("Cache write", cost.cache_write_usd),
    )
    rows = [(name, usd(amount)) for name, amount in amounts if amount is not None]
    return rows + _known(("Source", cost.source), ("Price", cost.price_id))


def _time(span: Span) -> Rows:
    first = span.time_to_first_token_ns
    return _known(
        ("Duration", format_seconds(span.duration_ns / NS)),
        ("Time to first token", None if first is None else format_seconds(first / NS)),
        ("Status", span.status),
    )


def _where(span: Span) -> Rows:
    scope = " ".join(filter(None, (span.scope_name, span.scope_version)))
    weight = f"1 of {span.sampling_weight:g} kept" if span.sampling_weight != 1 else ""
    return _known(
        ("Service", span.service),
        ("Environment", span.environment),
        ("Release", span.release),
        ("User", span.user_id),
        ("Session", span.session_id),
        ("Tags", ", ".join(span.tags)),
        ("Instrumented by", scope),
        ("Sampling", weight),
        ("Span id", span.span_id),
        ("Parent span id", span.parent_span_id),
    )
