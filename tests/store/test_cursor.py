from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store import cursor as cursors
from spanglass_store.cursor import Cursor, decode, encode
from spanglass_store.query import Window

WINDOW = Window(100, 200)


@given(
    st.builds(
        Cursor,
        order=st.text(max_size=10),
        window=st.builds(Window, st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1)),
        key=st.integers(-(10**37), 10**37).map(str)
        | st.decimals(places=9, min_value=-(10**9), max_value=10**9).map("{:f}".format),
        id=st.text(),
    )
)
def test_a_cursor_survives_its_text(cursor: Cursor) -> None:
    assert decode(encode(cursor), cursor.order) == cursor


def test_no_text_is_the_beginning() -> None:
    assert decode("", "newest") is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "a b",
        "====",
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b'["newest",1,2,"1"]').decode(),
        base64.urlsafe_b64encode(b'["newest",1,2,"1 OR 1","ab"]').decode(),
        base64.urlsafe_b64encode(b'["newest",1,99999999999999999999,"1","ab"]').decode(),
        base64.urlsafe_b64encode(b'["newest",1,2,"1","not hex"]').decode(),
    ],
)
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the cursor is none"):
        decode(text, "newest", id_pattern="[0-9a-f]+")


def test_a_cursor_of_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match="ordered by 'cost', not by 'newest'"):
        decode(encode(Cursor("cost", WINDOW, "1", "ab")), "newest")


def test_the_window_is_that_of_the_first_page_and_ends_with_its_newest_row() -> None:
    rows = [{"order_key": "150", "id": "b"}, {"order_key": "120", "id": "a"}]
    first = cursors.after(rows, WINDOW, "newest", "id")
    assert decode(first, "newest") == Cursor("newest", Window(100, 151), "120", "a")
    later = cursors.after(rows, Window(0, 999), "newest", "id", cursor=first)
    assert decode(later, "newest") == Cursor("newest", Window(100, 151), "120", "a")
    assert decode(cursors.after(rows, WINDOW, "cost", "id"), "cost") == Cursor("cost", WINDOW, "120", "a")
    assert not cursors.after([], WINDOW, "newest", "id")
