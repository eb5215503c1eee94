"""Settings come from arguments, then from the environment, then from defaults; mistakes stop nothing."""

from __future__ import annotations

import dataclasses

import pytest

import spanglass
from spanglass.settings import Settings, from_environment, table


def test_arguments_win_over_the_environment_and_it_over_defaults() -> None:
    environ = {"SPANGLASS_SERVICE": "env", "OTEL_SERVICE_NAME": "otel", "SPANGLASS_MAX_BATCH_SPANS": "7"}
    settings, complaints = from_environment(environ, service="argument", project=None)
    assert complaints == []
    assert (settings.service, settings.max_batch_spans, settings.project) == ("argument", 7, "default")
    assert from_environment({**environ})[0].service == "env"
    assert from_environment({"OTEL_SERVICE_NAME": "otel"})[0].service == "otel"
    assert from_environment({"SPANGLASS_SERVICE": " "})[0].service == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SPANGLASS_ENABLED", "perhaps"),
        ("SPANGLASS_MAX_CONTENT_BYTES", "many"),
        ("SPANGLASS_MAX_CONTENT_BYTES", "3"),
        ("SPANGLASS_EXPORT_INTERVAL_SECONDS", "-1"),
        ("SPANGLASS_EXPORT_INTERVAL_SECONDS", "nan"),
        ("SPANGLASS_TIMEOUT_SECONDS", "inf"),
    ],
)
def test_a_value_that_cannot_be_read_is_reported_and_ignored(name: str, text: str) -> None:
    settings, (complaint,) = from_environment({name: text})
    assert settings == Settings()
    assert complaint.startswith(f"{name} is ignored: ")


def test_a_mistake_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "lots")
    spanglass.init(enabled=False)
    assert "SPANGLASS_MAX_QUEUE_SPANS is ignored" in caplog.text


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("http://h:4318", "http://h:4318"),
        ("http://h:4318/", "http://h:4318"),
        ("https://h/sub/v1/traces", "https://h/sub"),
        ("https://h/v1/traces/", "https://h"),
    ],
)
def test_the_endpoint_may_be_the_base_or_the_path_of_traces(endpoint: str, base: str) -> None:
    settings = Settings(endpoint=endpoint)
    assert settings.traces_url == f"{base}/v1/traces"
    assert settings.scores_url == f"{base}/api/v1/scores"


def test_opentelemetry_s_switch_counts_unless_ours_is_given() -> None:
    assert not from_environment({"OTEL_SDK_DISABLED": "true"})[0].enabled
    assert from_environment({"OTEL_SDK_DISABLED": "true"}, enabled=True)[0].enabled
    assert not from_environment({"SPANGLASS_ENABLED": "off"})[0].enabled


def test_the_key_is_never_shown() -> None:
    settings = Settings(api_key="sg_secret")
    assert "sg_secret" not in repr(settings)
    assert settings.request_headers["Authorization"] == "Bearer sg_secret"


def test_the_table_tells_every_setting() -> None:
    rows = list(table())
    assert [row.name for row in rows] == [each.name for each in dataclasses.fields(Settings)]
    names = [name for row in rows for name in row.env]
    assert len(names) == len(set(names))
    for row in rows:
        assert row.help.endswith((".", "…"))
        assert row.env[0] == f"SPANGLASS_{row.name.upper()}"
        assert (row.unit == "") == (type(row.default) in {str, bool, tuple} or row.name == "sample_rate")


def test_an_address_without_a_scheme_is_one_of_http() -> None:
    settings = Settings(endpoint="127.0.0.1:4318/v1/traces")
    assert (settings.base_url, settings.is_local) == ("http://127.0.0.1:4318", True)
