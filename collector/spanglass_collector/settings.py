"""What can be set, from the environment: ``SPANGLASS_`` and the name in capitals."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Settings of one collector. The URL holds a password and is left out of ``repr``."""

    model_config = SettingsConfigDict(env_prefix="SPANGLASS_", env_ignore_empty=True, frozen=True, extra="ignore")

    clickhouse_url: str = Field(
        "http://default:@127.0.0.1:8123/spanglass",
        repr=False,
        description="Where spans are stored: http://user:password@host:port/database",
    )
    host: str = Field("127.0.0.1", description="Address to listen on. Anything but loopback requires keys.")
    port: int = Field(4318, ge=0, le=65535, description="Port for OTLP over HTTP and for the API")
    data_dir: Path = Field(Path(".spanglass"), description="Folder of the queue")
    queue_max_bytes: int = Field(2048 * MIB, gt=0, description="Bytes the queue may hold before clients are told 429")
    max_body_bytes: int = Field(16 * MIB, gt=0, description="Largest request body, as sent")
    max_decompressed_bytes: int = Field(64 * MIB, gt=0, description="Largest request body, decompressed")
    require_keys: bool | None = Field(None, description="Require API keys; unset: on any address but loopback")
    keys_refresh_seconds: float = Field(30.0, gt=0, description="How old the known API keys may be")
    batch_rows: int = Field(10_000, gt=0, description="Rows that make an insert full")
    batch_bytes: int = Field(64 * MIB, gt=0, description="Bytes that make an insert full")
    linger_seconds: float = Field(0.25, ge=0, description="Longest wait for an insert to fill")
    retry_max_seconds: float = Field(10.0, gt=0, description="Longest wait between two tries of an insert")
    shutdown_seconds: float = Field(8.0, gt=0, description="Time to finish requests and inserts after SIGTERM")

    @property
    def keys_required(self) -> bool:
        """Whether a request without a known key is refused."""
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can connect to ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
