"""A database made like another one, so that not every test has to carry out every migration anew."""

from __future__ import annotations

from spanglass_store.connection import Store
from spanglass_store.query import Query

TABLES = Query(
    "tables",
    "SELECT name, create_table_query AS sql, ifNull(total_rows, 0) AS rows FROM system.tables "
    "WHERE database = currentDatabase() ORDER BY name",
)


def copy_schema(original: Store, copy: Store) -> None:
    """Create the database of ``copy`` with the tables of ``original`` and their rows."""
    copy.execute("CREATE DATABASE {name:Identifier}", {"name": copy.database}, use_database=False)
    for table in original.fetch_rows(TABLES):
        head = f"CREATE TABLE {original.database}.{table['name']} "
        assert table["sql"].startswith(head), table["sql"][:200]
        copy.execute(f"CREATE TABLE {table['name']} {table['sql'].removeprefix(head)}")
        if table["rows"]:
            copy.execute(f"INSERT INTO {table['name']} SELECT * FROM {original.database}.{table['name']}")
