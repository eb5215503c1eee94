"""The trace tree with its waterfall: a component drawn in the page itself, from files of our own origin.

Streamlit serves a component's files only from a folder it knows from a manifest in an installed distribution; ours is
one folder of a larger package, so it is registered here. Given as text, the script would need ``blob:`` in the
content policy.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

NAME: Final = "spanglass.waterfall"
HERE: Final = Path(__file__).parent


def waterfall(data: bytes, *, key: str, height: int) -> str | None:
    """Draw a layout made by ``waterfall.to_bytes``; the id of the span clicked, None before any click.

    Keep ``data`` the same while a trace is open: unchanged bytes are not sent again.
    """
    _register()
    result = _renderer()(data=data, key=key, height=height, on_selected_change=lambda: None)
    selected = result.selected
    return str(selected) if selected else None


def _register() -> None:
    """Tell the running Streamlit where the files are; once a runtime (a test has one each)."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(NAME) is None:
        distribution, component = NAME.split(".")
        parts = [ComponentConfig(name=component, asset_dir="files")]
        manager.register_from_manifest(ComponentManifest(distribution, version(distribution), parts), HERE)


@cache
def _renderer() -> ComponentRenderer:
    return st.components.v2.component(
        NAME, html='<div class="waterfall"></div>', css="waterfall.css", js="waterfall.js"
    )
