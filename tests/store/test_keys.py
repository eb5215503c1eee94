from __future__ import annotations

from dataclasses import replace

import pytest

from spanglass_store.connection import Store
from spanglass_store.keys import all_keys, block_from_key, hash_key, key_from_row, new_key

SECRET = "A" * 43


def test_a_key_is_shown_once_and_only_its_hash_is_kept() -> None:
    text, key = new_key("shop", "laptop", "ingest", secret=SECRET, key_id="k1", now_ns=10**18)
    assert text == "sg_" + SECRET
    assert key.key_hash == hash_key(text)
    assert SECRET not in repr(key)
    assert text.startswith(key.prefix)


def test_short_secrets_and_unknown_scopes_are_refused() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        new_key("p", "n", "ingest", secret="short", key_id="k", now_ns=1)
    with pytest.raises(ValueError, match="unknown scope"):
        new_key("p", "n", "root", secret=SECRET, key_id="k", now_ns=1)  # type: ignore[arg-type]


@pytest.mark.clickhouse
def test_a_revoked_key_stays_listed_as_revoked(store: Store) -> None:
    _, key = new_key("shop", "laptop", "read", secret=SECRET, key_id="k1", now_ns=10**18)
    store.insert(block_from_key(key, version=1), token="1")
    assert [key_from_row(r) for r in store.fetch_rows(all_keys())] == [key]
    revoked = replace(key, revoked_at_ns=2 * 10**18)
    store.insert(block_from_key(revoked, version=2), token="2")
    assert [key_from_row(r) for r in store.fetch_rows(all_keys())] == [revoked]
