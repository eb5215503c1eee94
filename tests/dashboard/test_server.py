"""Starting: what must not start says why in one sentence."""

from __future__ import annotations

import socket

import pytest
from ports import free_port
from pydantic import ValidationError
from streamlit import config

from spanglass_dashboard import server
from spanglass_dashboard.server import DashboardError, check
from spanglass_dashboard.settings import Settings, is_loopback


def test_an_open_door_needs_a_password():
    with pytest.raises(DashboardError, match=r"Listening on 0\.0\.0\.0 needs a password"):
        check(Settings(dashboard_host="0.0.0.0", dashboard_port=free_port()))
    with pytest.raises(DashboardError, match="needs a password"):
        check(Settings(dashboard_host="0.0.0.0", dashboard_port=free_port(), dashboard_password=""))


def test_an_open_door_with_a_password_is_fine():
    check(Settings(dashboard_host="0.0.0.0", dashboard_port=free_port(), dashboard_password="secret"))


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DashboardError, match=f"cannot listen on 127.0.0.1:{port}") as refused:
            check(Settings(dashboard_port=port))
    assert "SPANGLASS_DASHBOARD_PORT" in str(refused.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPANGLASS_DASHBOARD_PORT", "8600")
    monkeypatch.setenv("SPANGLASS_DASHBOARD_PASSWORD", "secret")
    found = Settings()
    assert (found.dashboard_port, found.secret) == (8600, "secret")
    assert "secret" not in repr(found)


@pytest.mark.parametrize("port", [0, 70_000])
def test_a_port_that_cannot_be_is_refused(port: int):
    with pytest.raises(ValidationError):
        Settings(dashboard_port=port)


def test_every_setting_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("0.0.0.0", False), ("shop.example", False)],
)
def test_loopback(host: str, expected: bool):
    assert is_loopback(host) is expected


def test_every_option_exists_in_the_installed_streamlit():
    assert set(server.options(Settings())) <= set(config._config_options_template)
    assert set(server.HIDDEN_OPTIONS) <= set(config._config_options_template)


def test_an_option_that_was_dropped_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(server, "HIDDEN_OPTIONS", {"runner.gone": False})
    assert "runner.gone" not in server.options(Settings())
    assert "this Streamlit has no option runner.gone" in caplog.text
