"""The monitor's settings, read once from the environment at start."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from spanglass_store.measures_file import DESCRIPTION as MEASURES_FILE


class Settings(BaseSettings):
    """Variables are these names in capitals with ``SPANGLASS_`` before them."""

    model_config = SettingsConfigDict(env_prefix="SPANGLASS_", env_ignore_empty=True, frozen=True, extra="ignore")

    clickhouse_url: str = Field(
        default="http://default:@127.0.0.1:8123/spanglass",
        repr=False,
        description="Where rules and measures are: http://user:password@host:port/database",
    )
    data_dir: Path = Field(default=Path(".spanglass"), description="folder of the heartbeat file monitor.heartbeat")
    measures_file: Path | None = Field(default=None, description=MEASURES_FILE)
    dashboard_url: str = Field(default="http://127.0.0.1:8501", description="address in notices that leads to the page")
    monitor_interval_seconds: float = Field(
        default=60.0, ge=0.1, description="time between two looks at every rule; looks fall on multiples of it"
    )
    monitor_delay_seconds: float = Field(
        default=10.0,
        ge=0.0,
        description="how long before now a rule's window ends, so that calls still on their way are counted",
    )

    @property
    def heartbeat_file(self) -> Path:
        """Rewritten after every look at the rules; a health check asks how old it is."""
        return self.data_dir / "monitor.heartbeat"
