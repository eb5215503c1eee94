"""API keys: made, listed and revoked in the database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from spanglass_cli.errors import CommandError
from spanglass_cli.tables import aligned
from spanglass_store import keys
from spanglass_store.connection import Store


def create(clickhouse_url: str, project: str, name: str, scope: keys.Scope) -> tuple[str, keys.ApiKey]:
    """(the key itself, what was kept of it). Raises StoreError as usual."""
    now_ns = time.time_ns()
    key_id = f"key_{secrets.token_hex(6)}"
    text, key = keys.new_key(
        project,
        name,
        scope,
        secret=secrets.token_urlsafe(32),
        key_id=key_id,
        now_ns=now_ns,
    )
    with Store.open(clickhouse_url) as store:
        store.insert(keys.block_from_key(key, version=now_ns), token=f"{key_id}-{now_ns}")
    return text, key


def existing(clickhouse_url: str) -> list[keys.ApiKey]:
    """Every key, oldest first."""
    with Store.open(clickhouse_url) as store:
        return [keys.key_from_row(row) for row in store.fetch_rows(keys.all_keys())]


def revoke(clickhouse_url: str, key_id: str) -> keys.ApiKey:
    """The key as it is now kept. One revoked before stays as it was. Raises CommandError for an unknown id."""
    key = next((key for key in existing(clickhouse_url) if key.key_id == key_id), None)
    if key is None:
        msg = f"there is no key {key_id!r}: `spanglass keys list` shows all"
        raise CommandError(msg)
    if key.revoked_at_ns is not None:
        return key
    now_ns = time.time_ns()
    revoked = replace(key, revoked_at_ns=now_ns)
    with Store.open(clickhouse_url) as store:
        store.insert(keys.block_from_key(revoked, version=now_ns), token=f"{key_id}-{now_ns}")
    return revoked


def table(rows: Sequence[keys.ApiKey]) -> str:
    """Keys as aligned text; a sentence when there are none."""
    if not rows:
        return "there are no keys yet: `spanglass keys create NAME` makes one"
    head = ("id", "key", "scope", "project", "name", "created", "revoked")
    cells = [
        (k.key_id, f"{k.prefix}…", k.scope, k.project, k.name, _day(k.created_at_ns), _day(k.revoked_at_ns))
        for k in rows
    ]
    return aligned(head, cells)


def _day(at_ns: int | None) -> str:
    return "" if at_ns is None else datetime.fromtimestamp(at_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M UTC")
