"""The entry script: Streamlit runs it from the top for every visitor and every change.

It draws what all pages share (logo, list of pages, filter bar), then the page. Imports of this package are ordinary
modules: they are loaded once a process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from spanglass_dashboard import filter_bar, session

HERE: Final = Path(__file__).parent
ASSETS: Final = HERE / "assets"

st.set_page_config(page_title="spanglass", page_icon=str(ASSETS / "icon.png"), layout="wide")
st.logo((ASSETS / "logo.svg").read_text(encoding="utf-8"), size="large")
st.html(ASSETS / "page.css")


def _page(name: str, title: str, icon: str, *, default: bool = False) -> st.Page:
    file = HERE / "pages" / f"{name}.py"
    return st.Page(file, title=title, icon=f":material/{icon}:", url_path=name, default=default)


pages = st.navigation(
    {
        "Observe": [
            _page("overview", "Overview", "monitoring", default=True),
            _page("traces", "Traces", "account_tree"),
        ],
        "Analyse": [_page("quality", "Quality", "verified")],
        "Operate": [
            _page("alerts", "Alerts", "notifications"),
            _page("prices", "Prices", "sell"),
            _page("dialects", "Dialects", "translate"),
            _page("collector", "Collector", "move_to_inbox"),
        ],
    },
    expanded=True,
)
with st.sidebar:
    filter_bar.project_choice()
    session.sign_out_link()
filter_bar.bar(pages.title)
if pages.title != "Traces":
    filter_bar.bounds_note()
pages.run()
