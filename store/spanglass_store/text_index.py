"""When the words of texts are put into their index, so that search need not read the texts. Pure.

It is two fifths of what ClickHouse works to write a span (docs/performance.md), so that who seldom searches, or never, may
have it later or not at all. Search gives the same answers without it, slower: parts that have no index are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

When = Literal["insert", "merge", "off"]
"""``insert``: words are found at once. ``merge``: inserts leave it out, and merges make it. ``off``: merges leave it out too;
what has an index keeps it until its part is merged with another.
"""
TABLES: Final = ("spans", "span_details")
INDEXES: Final = "ix_input, ix_output, ix_input_words, ix_output_words"
"""Of either table: what is named and not there is no error."""
_OF_MERGES: Final = "exclude_materialize_skip_indexes_on_merge"
_OF_INSERTS: Final = "exclude_materialize_skip_indexes_on_insert"


def insert_settings(when: When) -> Mapping[str, Any]:
    """What an insert into one of ``TABLES`` says."""
    return {} if when == "insert" else {_OF_INSERTS: INDEXES}


def statements(when: When) -> tuple[str, ...]:
    """What has to be said of the tables themselves, once."""
    if when == "off":
        return tuple(f"ALTER TABLE {table} MODIFY SETTING {_OF_MERGES} = '{INDEXES}'" for table in TABLES)
    return tuple(f"ALTER TABLE {table} RESET SETTING {_OF_MERGES}" for table in TABLES)
