"""What the dashboard needs to know before it starts: environment variables, validated once."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from spanglass_store.measures_file import DESCRIPTION as MEASURES_FILE

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Settings(BaseSettings):
    """Environment variables of the dashboard, ``SPANGLASS_`` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="SPANGLASS_", frozen=True, extra="ignore")

    clickhouse_url: Annotated[Text, Field(description="The database, http://user:password@host:port/database.")] = (
        "http://127.0.0.1:18123/spanglass"
    )
    collector_url: Annotated[Text, Field(description="Where applications send spans; told while nothing is there.")] = (
        "http://127.0.0.1:4318"
    )
    collector_api_url: Annotated[
        str | None,
        Field(
            description="Where the page Collector asks, several separated by commas; unset: as SPANGLASS_COLLECTOR_URL."
        ),
    ] = None
    collector_api_key: Annotated[
        SecretStr | None,
        Field(description="Key with the scope admin: the page then shows why requests were set aside."),
    ] = None
    measures_file: Annotated[Path | None, Field(description=MEASURES_FILE)] = None
    dashboard_host: Annotated[Text, Field(description="Address to listen on; not loopback: needs a password.")] = (
        "127.0.0.1"
    )
    dashboard_port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8501
    dashboard_password: Annotated[SecretStr | None, Field(description="Asked for first; not set: loopback only.")] = (
        None
    )

    @property
    def secret(self) -> str | None:
        """The password's text, or None when there is none (an empty one counts as none)."""
        text = self.dashboard_password.get_secret_value() if self.dashboard_password else ""
        return text or None


def is_loopback(host: str) -> bool:
    """Whether ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


_in_use: Settings | None = None


def use(settings: Settings) -> None:
    """Make ``settings`` the ones every page of this process reads."""
    global _in_use  # noqa: PLW0603 - Streamlit runs pages by path: this is the only way to hand them a value
    _in_use = settings


def current() -> Settings:
    """The settings of this process: those given to ``use``, else the environment's."""
    return _in_use or Settings()
