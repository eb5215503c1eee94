"""The dialog in which an own price is set: of which model, since when, how much.

Each widget gets what the price says as its own default, as in the alert form (``alert_fields``).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

import streamlit as st

from spanglass_dashboard import data, dialogs, filter_bar, price_records
from spanglass_dashboard.address import DAY, NS
from spanglass_dashboard.price_draft import EARLIEST, LATEST, Draft, draft_from_fields, fields_from_price, minute_ns
from spanglass_store.errors import StoreError
from spanglass_store.numbers import format_count
from spanglass_store.prices import RATES, OwnPrice
from spanglass_store.queries import facets
from spanglass_store.query import Window

USUAL: Final = ("input_usd", "output_usd")
SCOPES: Final = {True: "All projects", False: "This project"}
_OPEN: Final = "price_open"
_FIELD: Final = "price_field_"


def open_with(price: OwnPrice) -> None:
    """Show ``price`` in the dialog and keep it open until it is closed. For callbacks."""
    for name in [str(name) for name in st.session_state if str(name).startswith(_FIELD)]:
        del st.session_state[name]
    st.session_state[_OPEN] = price


def show(prices: list[OwnPrice]) -> None:
    """Draw the dialog if it is open; ``prices`` are those that are saved. Call it once in every run of the page."""
    price = st.session_state.get(_OPEN)
    if price is not None:
        _edit(price, prices)


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("Own price", width="medium", icon=":material/sell:", on_dismiss=_close)
def _edit(price: OwnPrice, prices: list[OwnPrice]) -> None:
    _whose(price)
    _when(price)
    st.markdown("**US dollars for a million tokens**")
    _amounts(price, USUAL)
    others = [name for name in RATES if name not in USUAL]
    with st.expander("Cached, audio and reasoning tokens, and each call", expanded=any(map(price.rates.get, others))):
        _amounts(price, others)
    st.text_input("Comment", _start(price, "comment"), key=_key("comment"), placeholder="Where it comes from")
    draft = _draft(price, prices)
    _fits(draft)
    _closing(draft, price, prices)


def _whose(price: OwnPrice) -> None:
    model, provider = st.columns([1.4, 1])
    with model:
        _choice(price, "model", "Model", "A name, or a pattern such as llama-*")
    with provider:
        _choice(price, "provider", "Provider", "Any")
    st.segmented_control(
        "For",
        list(SCOPES),
        default=_start(price, "is_for_all"),
        key=_key("is_for_all"),
        required=True,
        format_func=SCOPES.__getitem__,
        help="A price of a project goes before one of all projects.",
    )


def _choice(price: OwnPrice, field: str, label: str, placeholder: str) -> None:
    start = _start(price, field)
    options = list(dict.fromkeys(filter(None, [start, _value(price, field), *_seen(field)])))
    st.selectbox(
        label,
        options,
        options.index(start) if start else None,
        key=_key(field),
        placeholder=placeholder,
        accept_new_options=True,
    )


def _when(price: OwnPrice) -> None:
    fields = (
        ("starts", "From (UTC)", "Empty: since ever."),
        ("ends", "Until (UTC)", "The first moment without it. Empty: for ever."),
    )
    for column, (field, label, help_) in zip(st.columns(2), fields, strict=True):
        column.datetime_input(
            label,
            _start(price, field),
            EARLIEST,
            LATEST,
            key=_key(field),
            format="YYYY-MM-DD",
            help=help_,
        )


def _amounts(price: OwnPrice, names: Iterable[str]) -> None:
    grid = st.grid(2, min_column_width=150)
    for name in names:
        amount = RATES[name]
        label = f"{amount.label} (US dollars each)" if name == "request_usd" else amount.label
        grid.text_input(label, _start(price, name), key=_key(name), placeholder="–", help=f"{amount.help}.")


def _fits(draft: Draft) -> None:
    """Say which calls without a price this one would be for."""
    price, scope = draft.price, filter_bar.scope()
    try:
        unpriced = price_records.unpriced(scope)
    except StoreError:
        return  # a hint only: saving says that the database is away
    fitting = [
        row for row in unpriced.to_dict("records") if price.model and price.is_for(row["provider"], row["model"])
    ]
    if fitting:
        models, calls = len(fitting), sum(row["calls"] for row in fitting)
        st.caption(
            f"Fits {models} {'model' if models == 1 else 'models'} without a price: {format_count(calls)} calls in the "
            f"last {scope.range.preset.label}."
        )


def _closing(draft: Draft, before: OwnPrice, prices: list[OwnPrice]) -> None:
    st.caption("New calls have it within half a minute. Stored ones keep their cost until you run `spanglass reprice`.")
    keys = ("price_cancel", "price_save")
    if not dialogs.answered("Cancel", "Save price", leave=_close, keys=keys, icon=":material/check:"):
        return
    for field, sentence in draft.problems:
        label = RATES[field].label if field in RATES else field.capitalize()
        st.error(f"{label}: {sentence}", icon=":material/error:")
    replaced = [before] if before in prices and before.key != draft.price.key else []
    if not draft.problems and price_records.save(draft.price, removed=replaced):
        _close()
        st.rerun()


def _draft(price: OwnPrice, prices: list[OwnPrice]) -> Draft:
    fields = {name: _value(price, name) for name in fields_from_price(price)}
    return draft_from_fields(fields, price, prices, project=filter_bar.scope().project)


def _key(field: str) -> str:
    return f"{_FIELD}{field}"


def _start(price: OwnPrice, field: str) -> Any:
    return fields_from_price(price)[field]


def _value(price: OwnPrice, field: str) -> Any:
    return st.session_state.get(_key(field), _start(price, field))


def _seen(field: str) -> list[str]:
    """Models and providers of the last week, as suggestions."""
    end_ns = minute_ns(time.time_ns())
    week = Window(end_ns - 7 * DAY * NS, end_ns)
    try:
        return data.load(facets.values(filter_bar.scope().project, week, field))["value"].astype(str).tolist()
    except (StoreError, KeyError):
        return []
