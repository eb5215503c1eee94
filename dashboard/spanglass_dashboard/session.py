"""The visitor's own session: how to end it."""

from __future__ import annotations

import streamlit as st

from spanglass_dashboard import settings
from spanglass_dashboard.security import LOGOUT_PATH


def sign_out_link() -> None:
    """Draw the way out; nothing where no password is set. A plain link: it must leave the page, in this tab."""
    if settings.current().secret:
        st.html(f'<a href="{LOGOUT_PATH}" style="color: inherit; opacity: 0.7">Sign out</a>')
