"""What the dialogs of all pages have in common: the two buttons at their end."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def answered(no: str, yes: str, *, leave: Callable[[], None], keys: tuple[str, str], icon: str | None = None) -> bool:
    """Draw two buttons: ``no`` leaves the dialog; True for ``yes``."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button(no, key=keys[0]):
            leave()
            st.rerun()
        return st.button(yes, key=keys[1], type="primary", icon=icon)
