"""API keys: a value, its hash and its row. Pure: the randomness and the time come in.

A key is shown once, when it is made. Kept is the SHA-256 of it: a key is 256 random bits, so nothing slower is needed
(a slow hash protects guessable secrets; OWASP Password Storage Cheat Sheet).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, query

Scope = Literal["ingest", "read", "admin"]
SCOPES: Final[tuple[str, ...]] = get_args(Scope)
KEY_PREFIX: Final = "sg_"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. ``prefix`` is its first characters, enough to recognise it in a list."""

    key_id: str
    project: str
    name: str
    scope: Scope
    key_hash: str
    prefix: str
    created_at_ns: int
    revoked_at_ns: int | None = None


def hash_key(text: str) -> str:
    """64 hex digits: the SHA-256 of the key."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_key(project: str, name: str, scope: Scope, *, secret: str, key_id: str, now_ns: int) -> tuple[str, ApiKey]:
    """(the text to show once, what to keep). ``secret`` is at least 32 random bytes as text.

    Raises ValueError for an unknown scope or a short secret.
    """
    if scope not in SCOPES:
        msg = f"unknown scope {scope!r}; known: {', '.join(SCOPES)}"
        raise ValueError(msg)
    if len(secret) < 43:  # 32 bytes in URL-safe base64
        msg = "a key needs at least 32 random bytes"
        raise ValueError(msg)
    text = KEY_PREFIX + secret
    return text, ApiKey(key_id, project, name, scope, hash_key(text), text[:9], now_ns)


def block_from_key(key: ApiKey, *, version: int) -> Block:
    """A version of a key as a row of ``api_keys``; the largest ``version`` wins."""
    revoked = None if key.revoked_at_ns is None else key.revoked_at_ns // 1_000_000
    columns: list[tuple[str, str, list[Any]]] = [
        ("key_id", "String", [key.key_id]),
        ("project", "String", [key.project]),
        ("name", "String", [key.name]),
        ("scope", "String", [key.scope]),
        ("key_hash", "FixedString(64)", [key.key_hash.encode()]),
        ("prefix", "String", [key.prefix]),
        ("created_at", "DateTime64(3, 'UTC')", [key.created_at_ns // 1_000_000]),
        ("revoked_at", "Nullable(DateTime64(3, 'UTC'))", [revoked]),
        ("version", "UInt64", [version]),
    ]
    return block_from_columns("api_keys", columns)


def all_keys() -> Query:
    """Every key, revoked ones too, for ``key_from_row``. Grain: one row a key, oldest first."""
    return query(
        "api keys",
        """
        SELECT key_id, project, name, scope, toString(key_hash) AS key_hash, prefix,
        toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns,
        toUnixTimestamp64Milli(revoked_at) * 1000000 AS revoked_at_ns
        FROM api_keys FINAL ORDER BY created_at, key_id
        """,
    )


def key_from_row(row: Mapping[str, Any]) -> ApiKey:
    """The ApiKey of a row of ``all_keys``."""
    return ApiKey(**row)
