from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from spanglass_collector.settings import Settings


@pytest.mark.parametrize(
    ("host", "require_keys", "expected"),
    [
        ("127.0.0.1", None, False),
        ("127.8.8.8", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        ("0.0.0.0", None, True),
        ("10.0.0.5", None, True),
        ("collector", None, True),
        ("0.0.0.0", False, False),
        ("127.0.0.1", True, True),
    ],
)
def test_keys_are_required_on_any_address_but_loopback(host: str, require_keys: bool | None, expected: bool) -> None:
    assert Settings(host=host, require_keys=require_keys).keys_required is expected


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_PORT", "4400")
    monkeypatch.setenv("SPANGLASS_DATA_DIR", "/var/lib/spanglass")
    monkeypatch.setenv("SPANGLASS_REQUIRE_KEYS", "true")
    monkeypatch.setenv("SPANGLASS_HOST", "")
    settings = Settings()
    assert (settings.port, settings.data_dir, settings.require_keys) == (4400, Path("/var/lib/spanglass"), True)
    assert settings.host == "127.0.0.1"


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(Settings(clickhouse_url="http://u:secret@h/d"))


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("value", [{"port": 70_000}, {"queue_max_bytes": 0}, {"batch_rows": -1}])
def test_settings_without_sense_are_refused(value: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Settings(**value)
