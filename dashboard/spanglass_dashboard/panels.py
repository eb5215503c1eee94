"""The frame every page is made of: cards, their errors, the viewer's colours and time zone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import plotly.graph_objects as go
import streamlit as st

from spanglass_dashboard.palette import DARK, LIGHT, Palette
from spanglass_store.errors import QueryTooExpensive, StoreError, StoreRejected, StoreUnavailable

_LOG: Final = logging.getLogger(__name__)
LIVE_SECONDS: Final = 15
TITLE_PIXELS: Final = 64
SKELETON_PIXELS: Final = 160
PLOTLY_CONFIG: Final[Mapping[str, Any]] = {
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}

_TROUBLE: Final[Mapping[type[StoreError], str]] = {
    StoreUnavailable: "The database cannot be reached right now.",
    QueryTooExpensive: "This asks for too much at once. A shorter time range or more filters will help.",
    StoreRejected: "The database did not understand this question.",
}


def palette() -> Palette:
    """The colours of the theme the viewer has chosen."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def timezone() -> str:
    """The viewer's time zone as an IANA name; UTC where the browser tells none."""
    name = st.context.timezone or "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return name


def panel(
    title: str,
    body: Callable[[], None],
    *,
    key: str,
    help: str | None = None,  # noqa: A002 - the name Streamlit uses
    live: bool = False,
    height: int | Literal["content", "stretch"] = "stretch",
) -> None:
    """A card called ``title`` whose ``body`` runs by itself, beside the others, every LIVE_SECONDS if ``live``.

    A body that fails says so in its own card; the rest of the page stays. In a refresh ``body`` is called again as
    it is, so it asks ``filter_bar.scope()`` for the time instead of keeping an old one.
    """

    @st.fragment(parallel=True, key=f"panel_{key}", run_every=LIVE_SECONDS if live else None)
    def draw() -> None:
        with st.container(border=True, gap="xsmall", height=height, key=f"card_{key}"):
            st.markdown(f"**{title}**", help=help)
            with st.skeleton(height=height - TITLE_PIXELS if isinstance(height, int) else SKELETON_PIXELS):
                guarded(body, key=key)

    draw()


def guarded(body: Callable[[], None], *, key: str) -> None:
    """Run ``body``; where the store fails, say what happened and offer to try again."""
    try:
        body()
    except StoreError as error:
        _LOG.warning("panel %s: %s", key, error)
        st.warning(_sentence(error), icon=":material/cloud_off:")
        st.button("Try again", key=f"retry_{key}", type="tertiary", icon=":material/refresh:")


def figure(drawn: go.Figure, *, key: str) -> None:
    """Show a plotly figure made with ``figures.base_figure``."""
    st.plotly_chart(drawn, key=key, theme=None, config=dict(PLOTLY_CONFIG))


def nothing(sentence: str, *, icon: str = "search_off", height: int | None = None) -> None:
    """Say, quietly and in the middle, that there is nothing to show and why."""
    with st.container(
        horizontal_alignment="center", vertical_alignment="center", gap="xsmall", height=height or "content"
    ):
        st.markdown(f":gray[:material/{icon}:]", text_alignment="center")
        st.markdown(f":gray[{sentence}]", text_alignment="center")


def _sentence(error: StoreError) -> str:
    return next((text for kind, text in _TROUBLE.items() if isinstance(error, kind)), "The database failed.")
