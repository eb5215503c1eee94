"""The database is off in tests that did not ask for it."""

from __future__ import annotations

import pytest

from spanglass_store.connection import Store


def test_a_store_cannot_be_opened_without_the_marker() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"not marked with @pytest\.mark\.clickhouse"):
        Store.open("http://127.0.0.1:1/any")


@pytest.mark.clickhouse
def test_each_test_has_a_database_of_its_own(store: Store, store_url: str) -> None:
    assert store.database.startswith("t_")
    assert store_url.endswith(store.database)
    assert store.ping().startswith("26.9.")
