"""What can be set, from the environment: ``SPANGLASS_`` and the name in capitals."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from spanglass_store.measures_file import DESCRIPTION as MEASURES_FILE
from spanglass_store.text_index import When

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Settings of one collector. The URL holds a password and is left out of ``repr``."""

    model_config = SettingsConfigDict(env_prefix="SPANGLASS_", env_ignore_empty=True, frozen=True, extra="ignore")

    clickhouse_url: str = Field(
        "http://default:@127.0.0.1:8123/spanglass",
        repr=False,
        description="Where spans are stored: http://user:password@host:port/database",
    )
    text_index: When = Field(
        "insert",
        description="When texts are indexed for search: `insert`, at once; `merge`, later; `off`, not at all: search is then slow, "
        "writing costs ClickHouse two fifths less. `spanglass migrate` reads it too, for the tables",
    )
    sql_url: str = Field(
        "",
        repr=False,
        description="ClickHouse user that runs the SQL of `POST /api/v1/sql`, never the one that stores; unset: no SQL. "
        "`spanglass up` sets it",
    )
    allow_sql: bool | None = Field(
        None, description="Answer SQL, where `SPANGLASS_SQL_URL` is set; unset: on loopback only"
    )
    host: str = Field("127.0.0.1", description="Address to listen on. Anything but loopback requires keys.")
    port: int = Field(4318, ge=0, le=65535, description="Port for OTLP over HTTP and for the API")
    grpc_port: int = Field(4317, ge=0, le=65535, description="Port for OTLP over gRPC; 0: none")
    data_dir: Path = Field(Path(".spanglass"), description="Folder of the queue")
    queue_max_bytes: int = Field(2048 * MIB, gt=0, description="Bytes the queue may hold before clients are told 429")
    max_body_bytes: int = Field(16 * MIB, gt=0, description="Largest request body, as sent")
    max_decompressed_bytes: int = Field(64 * MIB, gt=0, description="Largest request body, decompressed")
    max_memory_bytes: int = Field(
        256 * MIB,
        gt=0,
        description="Bytes of request bodies that a process works on at once; beyond it clients are told 503",
    )
    max_spans: int = Field(50_000, gt=0, description="Most spans, log records or metrics in one request")
    max_attributes: int = Field(4096, gt=0, description="Most attributes of a span kept; what was cut is told on it")
    max_attribute_bytes: int = Field(4 * MIB, gt=0, description="Longest attribute kept whole; the rest is cut off")
    max_events: int = Field(256, gt=0, description="Most events, and most links, of a span kept")
    max_requests_per_second: float | None = Field(
        None, gt=0, description="Requests a second that one key may send, without keys one project; unset: any number"
    )
    max_bytes_per_second: float | None = Field(
        None, gt=0, description="Bytes a second, as sent, that one key may send; unset: any number"
    )
    header_seconds: float = Field(10.0, gt=0, description="Longest wait for the whole head of a request")
    body_seconds: float = Field(30.0, gt=0, description="Longest wait for the whole body of a request")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins of web pages that may send and ask, separated by commas: `https://shop.example`, or `*`",
    )
    redaction_file: Path | None = Field(None, description="Rules of what is blotted out before anything is kept")
    measures_file: Path | None = Field(None, description=MEASURES_FILE)
    require_keys: bool | None = Field(None, description="Require API keys; unset: on any address but loopback")
    keys_refresh_seconds: float = Field(30.0, gt=0, description="How old the known API keys may be")
    prices_refresh_seconds: float = Field(30.0, gt=0, description="How old the known own prices may be")
    workers: int = Field(
        1, ge=1, le=64, description="Processes that receive, each with a queue of its own in the folder"
    )
    claims: bool = Field(
        default=True,
        description="Ask ClickHouse which requests other collectors are storing, so that one sent to two is stored once. "
        "Off under `spanglass up` with one worker",
    )
    claim_patience_seconds: float = Field(
        60.0, gt=0, description="How long another collector that holds the same request may need to store it"
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="Form of the log: lines of text or of JSON; `auto`: text on a terminal, else JSON"
    )
    batch_rows: int = Field(50_000, gt=0, description="Rows that make an insert full")
    batch_bytes: int = Field(64 * MIB, gt=0, description="Bytes that make an insert full")
    linger_seconds: float = Field(
        1.0, ge=0, description="From one insert to the next, which fills meanwhile; after a pause a quarter of it"
    )
    retry_max_seconds: float = Field(10.0, gt=0, description="Longest wait between two tries of an insert")
    shutdown_seconds: float = Field(8.0, gt=0, description="Time to finish requests and inserts after SIGTERM")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @property
    def keys_required(self) -> bool:
        """Whether a request without a known key is refused."""
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys

    @property
    def answers_sql(self) -> bool:
        """Whether `POST /api/v1/sql` is open."""
        return bool(self.sql_url) and (is_loopback(self.host) if self.allow_sql is None else self.allow_sql)


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that give the same settings in another process."""
    told = {name: value for name, value in settings.model_dump().items() if value is not None}
    return {
        f"SPANGLASS_{name.upper()}": ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in told.items()
    }


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can connect to ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
