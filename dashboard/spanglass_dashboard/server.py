"""Start the dashboard: one process, one application, nothing read from or written to the home directory."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config, file_util
from streamlit.runtime.pages_manager import PagesManager

from spanglass_dashboard import settings as settings_in_use
from spanglass_dashboard.palette import THEME_FILE
from spanglass_dashboard.security import Gate, Login, content_security_policy
from spanglass_dashboard.settings import Settings, is_loopback
from spanglass_store.errors import StoreError
from spanglass_store.measures_file import use_measures

_LOG: Final = logging.getLogger(__name__)
SCRIPT: Final = Path(__file__).with_name("app.py")
COLLECT_SECONDS: Final = 60
WARM_MODULES: Final = ("pyarrow", "plotly.graph_objects", "altair", "spanglass_dashboard.trace_view")
"""What the first page would load: several seconds, paid before the health check answers."""

HIDDEN_OPTIONS: Final = {
    # After every run Streamlit collects garbage over all of pandas and pyarrow: 3 to 5 times the CPU of a rerun.
    # We freeze what is loaded after the warm-up and collect once a minute instead.
    "runner.postScriptGC": False,
}


class DashboardError(Exception):
    """The dashboard cannot start; the message is a sentence for a person."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises DashboardError where it must not or cannot listen, FileUnusable."""
    check(settings)
    use_measures(settings.measures_file)
    settings_in_use.use(settings)
    build(settings).run(config=options(settings))


def check(settings: Settings) -> None:
    """Raise DashboardError, with a sentence, for an open door without a password or a port in use."""
    if settings.secret is None and not is_loopback(settings.dashboard_host):
        msg = (
            f"Listening on {settings.dashboard_host} needs a password: set SPANGLASS_DASHBOARD_PASSWORD, "
            "or listen on 127.0.0.1."
        )
        raise DashboardError(msg)
    family = socket.AF_INET6 if ":" in settings.dashboard_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.dashboard_host.strip("[]"), settings.dashboard_port))
        except OSError as error:
            msg = (
                f"The dashboard cannot listen on {settings.dashboard_host}:{settings.dashboard_port} ({error.strerror}). "
                "Choose another port with SPANGLASS_DASHBOARD_PORT."
            )
            raise DashboardError(msg) from error


def build(settings: Settings) -> st.App:
    """The ASGI application, with its gate in front."""
    page = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    login = Login(settings.secret) if settings.secret else None
    gate = Middleware(Gate, policy=content_security_policy(page), login=login)
    # There is a folder called pages beside the entry script; until st.navigation has run once, Streamlit would take an
    # address like /alerts for a script in it and run that alone, without navigation and filters.
    PagesManager.uses_pages_directory = False
    return st.App(SCRIPT, middleware=[gate], lifespan=_lifespan, on_script_error=_log_failure)


def options(settings: Settings) -> dict[str, Any]:
    """Streamlit's configuration. A hidden option that a new version dropped is left out, with a warning."""
    known = config._config_options_template  # noqa: SLF001 - there is no public way to ask
    if missing := [name for name in HIDDEN_OPTIONS if name not in known]:
        _LOG.warning("this Streamlit has no option %s: pages will take more CPU", ", ".join(missing))
    return {
        "server.address": settings.dashboard_host,
        "server.port": settings.dashboard_port,
        "server.headless": True,
        "server.showEmailPrompt": False,
        "server.fileWatcherType": "none",
        # On loopback nothing asks for a password: refuse names that a foreign page could point at this machine.
        "server.allowedHosts": ["localhost", "127.0.0.1", "::1", settings.dashboard_host.strip("[]")]
        if is_loopback(settings.dashboard_host)
        else [],
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "logger.hideWelcomeMessage": True,
        "runner.magicEnabled": False,
        "theme.base": str(THEME_FILE),
        **{name: value for name, value in HIDDEN_OPTIONS.items() if name in known},
    }


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncGenerator[None, None]:
    """Pay the slow imports before the first visitor does; collect garbage while nobody waits for it."""
    await asyncio.to_thread(_warm_up)
    collector = asyncio.create_task(_collect_forever())
    try:
        yield
    finally:
        collector.cancel()
        with suppress(asyncio.CancelledError):
            await collector


def _warm_up() -> None:
    for module in WARM_MODULES:
        import_module(module)
    from spanglass_dashboard import data  # noqa: PLC0415 - its caches belong to the runtime, which exists by now

    with suppress(StoreError):  # not there yet: every panel says so by itself
        data.store().ping()
    gc.collect()
    gc.freeze()


async def _collect_forever() -> None:
    while True:
        await asyncio.sleep(COLLECT_SECONDS)
        await asyncio.to_thread(gc.collect)


def _log_failure(error: BaseException) -> None:
    _LOG.error("a page failed", exc_info=error)
