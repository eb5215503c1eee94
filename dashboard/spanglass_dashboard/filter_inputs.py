"""The inputs of the filter bar, each bound to its parameter of the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import streamlit as st

from spanglass_dashboard import suggestions
from spanglass_dashboard.address import Scope
from spanglass_dashboard.narrowing import (
    ATTRIBUTES,
    BOUNDS,
    EQUALS,
    EXCLUDED,
    FIELDS,
    IS_NOT,
    OF_SCORES,
    SCORE,
    STATUSES,
    counted,
    number,
    text,
    texts,
    uncounted,
)
from spanglass_dashboard.suggestions import NOTHING, Suggestions

INLINE_PIXELS: Final = 140
SET_PIXELS: Final = 180
WIDE_PIXELS: Final = 240
LEAST_COLUMN_PIXELS: Final = 145
EXCLUDED_OF_A_FIELD: Final = 20
Width = int | Literal["stretch"]

_SET_PIXELS: Final = dict.fromkeys(BOUNDS, INLINE_PIXELS) | dict.fromkeys((EXCLUDED, ATTRIBUTES), WIDE_PIXELS)
_KEY: Final = "attribute_key"
_VALUE: Final = "attribute_value"


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen in ``scope``: ``found`` by parameter."""

    scope: Scope
    found: Mapping[str, Suggestions]


def chosen(param: str) -> Any:
    """The value of an input; before it is drawn for the first time, what the address says."""
    if param in st.session_state:
        return st.session_state[param]
    return st.query_params.get_all(param)


def is_set(param: str) -> bool:
    """Whether an input says something: a bound of 0 does."""
    if param in BOUNDS:
        return number(chosen(param)) is not None
    return bool(texts(chosen(param)))


def field(param: str, offered: Offered, *, labelled: bool = False, width: Width = "stretch") -> None:
    """Draw the input of a field: its most frequent values, or any other that is typed."""
    found, label = offered.found.get(param, NOTHING), FIELDS[param].label
    if param == "status":
        counts = {asked: sum(found.counts.get(each, 0) for each in meant) for asked, meant in STATUSES.items()}
        _choices(param, label, counts, labelled=labelled, only=list(STATUSES), width=width)
    else:
        _choices(param, label, found.counts, labelled=labelled, cut=found.cut_words, width=width)


def those_set(params: Iterable[str], offered: Offered) -> None:
    """Draw a line of the inputs of ``params`` that say something, and of every other that does."""
    said = [param for param in (*params, EXCLUDED, ATTRIBUTES, SCORE, *BOUNDS) if is_set(param)]
    if said:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="set_filters"):
            for param in said:
                _one(param, offered, width=_SET_PIXELS.get(param, SET_PIXELS))


def everything(params: Iterable[str], offered: Offered) -> None:
    """Draw the inputs of ``params`` and every other, each with its name."""
    bounds = [param for param in BOUNDS if param not in OF_SCORES]
    with st.container(border=True, key="all_filters"):
        with st.grid(4, min_column_width=LEAST_COLUMN_PIXELS, gap="small"):
            for param in (*params, EXCLUDED):
                _one(param, offered)
            _attribute_picker(offered)
            for param in (ATTRIBUTES, *bounds, SCORE, *OF_SCORES):
                _one(param, offered)
        st.caption(
            "Numbers beside values count spans of this range, at most those of its last 7 days; of attributes, its last day."
        )


def _one(param: str, offered: Offered, *, width: Width = "stretch") -> None:
    if param in FIELDS:
        field(param, offered, labelled=True, width=width)
    elif param in BOUNDS:
        _bound(param, width)
    else:
        {EXCLUDED: _excluded, ATTRIBUTES: _attributes, SCORE: _score}[param](offered, width)


def _choices(
    param: str,
    label: str,
    counts: Mapping[str, int],
    *,
    labelled: bool = True,
    only: Sequence[str] | None = None,
    cut: str = "",
    width: Width = "stretch",
    help: str | None = None,  # noqa: A002 - the name Streamlit uses
) -> None:
    """An input of several texts: ``only`` these, or any. What is chosen loses its count: the address holds the value alone."""
    now = texts(chosen(param))
    offered = {value: count for value, count in counts.items() if value not in now}
    st.multiselect(
        f"{label} :gray[· {cut}]" if cut else label,
        [*now, *offered] if only is None else only,
        format_func=lambda value: counted(value, offered[value]) if value in offered else value,
        key=param,
        help=help,
        bind="query-params",
        on_change=_lose_counts,
        args=(param,),
        placeholder="Any" if labelled else f"{label} · {cut}" if cut else label,
        label_visibility="visible" if labelled else "collapsed",
        accept_new_options=only is None,
        select_all=False,
        width=width,
        wrap=False,
    )


def _lose_counts(param: str) -> None:
    st.session_state[param] = list(texts(st.session_state[param]))


def _excluded(offered: Offered, width: Width) -> None:
    counts = {
        f"{param}{IS_NOT}{value}": count
        for param, found in offered.found.items()
        for value, count in list(found.counts.items())[:EXCLUDED_OF_A_FIELD]
    }
    says = f"Leaves out what has one of these. The {EXCLUDED_OF_A_FIELD} most frequent values of each field are listed."
    _choices(EXCLUDED, "Exclude", counts, width=width, help=says)


def _attributes(_: Offered, width: Width) -> None:
    says = "What an attribute, or `metadata.` or `resource.` and a key of those, must be: `metadata.plan=pro`"
    _choices(ATTRIBUTES, "Attributes", {}, width=width, help=says)


def _attribute_picker(offered: Offered) -> None:
    """Two inputs that write into that of the attributes: a key, then one of its values."""
    keys = suggestions.attribute_keys(offered.scope)
    key = _pick("Attribute", keys, _KEY, placeholder="Choose a key")
    values = suggestions.attribute_values(offered.scope, key) if key else NOTHING
    _pick("Value", values, _VALUE, placeholder="Choose a value" if key else "Choose a key first", disabled=not key)


def _pick(label: str, found: Suggestions, key: str, *, placeholder: str, disabled: bool = False) -> str:
    picked = st.selectbox(
        f"{label} :gray[· {found.cut_words}]" if found.cut_words else label,
        list(found.counts),
        index=None,
        format_func=lambda value: counted(value, found.counts[value]) if value in found.counts else value,
        key=key,
        on_change=_take_attribute if key == _VALUE else None,
        placeholder=placeholder,
        accept_new_options=True,
        disabled=disabled,
    )
    return text(picked)


def _take_attribute() -> None:
    pair = f"{text(st.session_state[_KEY])}{EQUALS}{uncounted(st.session_state[_VALUE] or '')}"
    st.session_state[ATTRIBUTES] = list(texts([*texts(chosen(ATTRIBUTES)), pair]))
    st.session_state[_KEY] = st.session_state[_VALUE] = None


def _score(offered: Offered, width: Width) -> None:
    names = suggestions.score_names(offered.scope)
    now = text(chosen(SCORE))
    st.selectbox(
        "Score",
        list(dict.fromkeys([*([now] if now else []), *names])),
        index=None,
        key=SCORE,
        bind="query-params",
        placeholder="Any",
        accept_new_options=True,
        help="Traces that have such a score at all; with a bound, one within it",
        width=width,
    )


def _bound(param: str, width: Width) -> None:
    bound = BOUNDS[param]
    is_whole = isinstance(bound.step, int)
    st.number_input(
        bound.label,
        min_value=None if param in OF_SCORES else type(bound.step)(0),
        value=None,
        step=bound.step,
        format="%d" if is_whole else "%g",
        key=param,
        bind="query-params",
        placeholder="Any",
        disabled=param in OF_SCORES and not is_set(SCORE),
        help="Choose a score first" if param in OF_SCORES and not is_set(SCORE) else None,
        width=width,
    )
