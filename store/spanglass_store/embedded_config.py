"""The embedded server's two configuration files, as text. Pure: paths, ports and hashes in, XML out.

The engine reads them as clickhouse-local does, not as clickhouse-server: the log level is ``<log-level>`` (the one
inside ``<logger>`` is ignored), and the limit of concurrent queries is a profile setting, not a server one. No
section here names a system log table, so none is made: unlimited, they outgrow the data they describe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from xml.sax.saxutils import escape

User = Literal["writer", "reader", "analyst"]

MIB: Final = 1024 * 1024

SERVER: Final[Mapping[str, str | int]] = {
    "log-level": "information",
    "max_connections": 256,
    "mark_cache_size": 64 * MIB,
    "index_mark_cache_size": 16 * MIB,
    "primary_index_cache_size": 64 * MIB,
    "compiled_expression_cache_size": 16 * MIB,
    "background_pool_size": 2,
    "background_common_pool_size": 2,
    "background_schedule_pool_size": 4,
    "tables_loader_foreground_pool_size": 2,
    "tables_loader_background_pool_size": 2,
}
"""A profile for a laptop: a few small caches and threads instead of gigabytes and pools of one thread a core."""

MERGE_TREE: Final[Mapping[str, str | int]] = {
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    "min_compressed_bytes_to_fsync_after_merge": 1,
}
"""An answered insert survives a power cut: there is no replica to fetch it from, and the sender forgets it. So does what
merges and mutations write anew, because this engine keeps the parts it replaces for no time at all (a server: 480 s)."""

ACCESS_CONTROL: Final[Mapping[str, str | int]] = {
    "select_from_system_db_requires_grant": "true",
    "select_from_information_schema_requires_grant": "true",
}
"""A user sees of ``system`` what it is granted: what others ask is nobody's business."""

TABLE_ENGINES: Final = (
    "MergeTree",
    "ReplacingMergeTree",
    "AggregatingMergeTree",
    "SummingMergeTree",
    "Distributed",
    "Join",
    "Memory",
    "Null",
)
WRITER_GRANTS: Final = (
    "SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, CHECK, SHOW, KILL QUERY, dictGet, SYSTEM, BACKUP ON *.*",
    "READ, WRITE ON DISK",  # of which BACKUP_DISK is the only one there is to name
    *(f"TABLE ENGINE ON {engine}" for engine in TABLE_ENGINES),
)
READER_GRANTS: Final = ("SELECT, SHOW, dictGet ON *.*",)
"""Neither may reach files, URLs or programs through tables and table functions, nor change users. The function ``file``
reads any file of the server's user all the same, and no right guards it: their passwords are worth a login.
"""

ANALYST_DATABASE: Final = "spanglass"
ANALYST_TABLES: Final = ("spans", "scores", "span_details")
ANALYST_GRANTS: Final = tuple(f"SELECT ON {ANALYST_DATABASE}.{table}" for table in ANALYST_TABLES)
ANALYST_FILTER: Final = "project = getSetting('log_comment')"
"""Row policy of the one who runs other people's SQL (``analyst``): whoever sends it names the project in a setting, and
locks every setting (``readonly = 1``) with it. Where nothing is named, no row is seen."""

ANALYST_LIMITS: Final[Mapping[str, str | int]] = {
    "max_execution_time": 30,
    "max_result_rows": 100_000,
    "max_result_bytes": 128 * MIB,
    "max_bytes_to_read": 64 * 1024 * MIB,
    "max_concurrent_queries_for_user": 4,
}

BACKUP_DISK: Final = "backups"
"""Where backups are made and brought back from: a folder of their own, the only one that BACKUP and RESTORE may use."""

LIKE_A_SERVER: Final[Mapping[str, str | int]] = {
    "default_format": "TabSeparated",
    "implicit_select": 0,
    "allow_python_table_function": 0,  # without an interpreter beside it, it ends the process
}
"""Where the library's defaults are not those of a ClickHouse server."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What differs between two embedded servers. Paths are absolute; ``tcp_port`` None means no native protocol."""

    host: str
    http_port: int
    tcp_port: int | None
    data_path: Path
    backups_path: Path
    users_path: Path
    log_path: Path
    memory_limit_bytes: int
    sections: Mapping[str, str] = field(default_factory=dict)
    """More of ``config.xml``: XML by the name of its section, as ``remote_servers``."""


def config_xml(config: ServerConfig) -> str:
    """The text of ``config.xml``."""
    values: dict[str, str | int] = {
        "listen_host": config.host,
        "http_port": config.http_port,
        **({} if config.tcp_port is None else {"tcp_port": config.tcp_port}),
        "path": f"{config.data_path}/",
        "users_config": str(config.users_path),
        "max_server_memory_usage": config.memory_limit_bytes,
        **SERVER,
    }
    logger: dict[str, str | int] = {"log": str(config.log_path), "size": "10M", "count": 2}
    disk: dict[str, str | int] = {"type": "local", "path": f"{config.backups_path}/"}
    sections = {
        "logger": _elements(logger),
        "merge_tree": _elements(MERGE_TREE),
        "access_control_improvements": _elements(ACCESS_CONTROL),
        "storage_configuration": _nested({"disks": _element(BACKUP_DISK, _elements(disk))}),
        "backups": _elements({"allowed_disk": BACKUP_DISK}),
        **config.sections,
    }
    return _document(_elements(values), _nested(sections))


def users_xml(password_sha256: Mapping[User, str], *, memory_limit_bytes: int) -> str:
    """The text of ``users.xml``. Hashes are hex; a query may use half of ``memory_limit_bytes``.

    ``default`` is the engine's own local session and has no password: it may open the ports and wait, and no second
    session of it is accepted, so nobody gets in from the network without one of the passwords.
    """
    half = memory_limit_bytes // 2
    both: dict[str, str | int] = {
        **LIKE_A_SERVER,
        "max_memory_usage": half,
        "max_bytes_before_external_group_by": half // 2,
        "max_bytes_before_external_sort": half // 2,
    }
    reader: dict[str, str | int] = {
        **both,
        "max_execution_time": 60,
        "max_concurrent_queries_for_user": 32,
        "readonly": 2,
    }
    analyst: dict[str, str | int] = {**both, **ANALYST_LIMITS, "max_memory_usage": half // 2, "final": 1}
    profiles = {
        "default": "",
        "local": _elements({"max_sessions_for_user": 1}),
        "writer": _elements({**both, "async_insert": 0, "max_concurrent_queries_for_user": 64}),
        "reader": _elements(reader) + _ceilings(reader, "max_memory_usage", "max_execution_time"),
        "analyst": _elements(analyst) + _ceilings(analyst, "max_memory_usage", *ANALYST_LIMITS),
    }
    policy = _element("filter", escape(ANALYST_FILTER))
    users = {
        "default": _user("local", ("SYSTEM LISTEN ON *.*", "SELECT ON system.numbers")),
        "writer": _user("writer", WRITER_GRANTS, sha256=password_sha256["writer"]),
        "reader": _user("reader", READER_GRANTS, sha256=password_sha256["reader"]),
        "analyst": _user("analyst", ANALYST_GRANTS, sha256=password_sha256["analyst"])
        + _element("databases", _element(ANALYST_DATABASE, _nested(dict.fromkeys(ANALYST_TABLES, policy)))),
    }
    return _document(
        _element("profiles", _nested(profiles)),
        _element("quotas", _element("default", "")),
        _element("users", _nested(users)),
    )


def _ceilings(profile: Mapping[str, str | int], *names: str) -> str:
    """What the profile says is the most; 0 would be no limit."""
    least_and_most = {name: _elements({"min": 1, "max": profile[name]}) for name in names}
    return _element("constraints", _nested(least_and_most))


def _user(profile: str, grants: tuple[str, ...], *, sha256: str = "") -> str:
    secret = _element("password_sha256_hex", sha256) if sha256 else _element("password", "")
    networks = _element("networks", _element("ip", "::1") + _element("ip", "127.0.0.1"))
    rights = _element("grants", "".join(_element("query", f"GRANT {grant}") for grant in grants))
    return secret + networks + _elements({"profile": profile, "quota": "default"}) + rights


def _document(*parts: str) -> str:
    return f"<clickhouse>{''.join(parts)}</clickhouse>\n"


def _elements(values: Mapping[str, str | int]) -> str:
    return "".join(_element(name, escape(str(value))) for name, value in values.items())


def _nested(bodies: Mapping[str, str]) -> str:
    return "".join(_element(name, body) for name, body in bodies.items())


def _element(name: str, body: str) -> str:
    return f"<{name}>{body}</{name}>\n"
