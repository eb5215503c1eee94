"""The dashboard's only door to the store, and its cache of answers.

The cache is shared by everybody who looks, so whatever decides an answer is part of the question: the project, the
window and the filters are inside every ``Query``. Errors are never cached: they pass through.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import settings
from spanglass_store.connection import Rows, Store
from spanglass_store.errors import StoreError
from spanglass_store.native import Block
from spanglass_store.query import Query

SETTLED_SECONDS: Final = 120
RECENT_SECONDS: Final = 5
MAX_ANSWERS: Final = 500


def load(query: Query) -> pd.DataFrame:
    """The rows of a question about a window of time. The frame is the caller's own.

    ``address.range_from_text`` moves a window on in steps (5 seconds for the last 15 minutes, an hour for a month): an
    answer is as old as one step at most, or SETTLED_SECONDS. Raises StoreUnavailable, QueryTooExpensive or StoreRejected.
    """
    return _settled(_url(), query)


def load_recent(query: Query) -> pd.DataFrame:
    """The rows of a question without a window (alert rules, states): at most RECENT_SECONDS old. Raises as ``load``."""
    return _recent(_url(), query)


def fetch_rows(query: Query) -> Rows:
    """The rows of ``query`` as dictionaries, straight from the database: the caller caches what it makes of them.

    Raises as ``load``.
    """
    return store().fetch_rows(query)


def save(block: Block, *, token: str) -> None:
    """Write ``block`` once, then forget cached answers, so that the writer sees what was written.

    Raises StoreUnavailable or StoreRejected.
    """
    store().insert(block, token=token)
    forget()


def saved(block: Block, *, token: str) -> bool:
    """As ``save``; where that fails, say so on the page and return False."""
    try:
        save(block, token=token)
    except StoreError:
        st.error("The database could not be reached: nothing was saved.", icon=":material/cloud_off:")
        return False
    return True


def forget() -> None:
    """Drop every cached answer: the next look asks the database."""
    _settled.clear()
    _recent.clear()


def store() -> Store:
    """The store of this process: one pool of connections for all sessions."""
    return _store_at(_url())


def _url() -> str:
    return settings.current().clickhouse_url


def _key(query: Query) -> str:
    """All of it: what is asked first decides the answer too."""
    return repr(query)


@st.cache_resource(show_spinner=False, max_entries=4, on_release=Store.close)
def _store_at(url: str) -> Store:
    return Store.open(url)


@st.cache_data(show_spinner=False, ttl=SETTLED_SECONDS, max_entries=MAX_ANSWERS, hash_funcs={Query: _key})
def _settled(url: str, query: Query) -> pd.DataFrame:
    return _store_at(url).fetch(query)


@st.cache_data(show_spinner=False, ttl=RECENT_SECONDS, max_entries=MAX_ANSWERS, hash_funcs={Query: _key})
def _recent(url: str, query: Query) -> pd.DataFrame:
    return _store_at(url).fetch(query)
