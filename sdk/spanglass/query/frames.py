"""Arrow as pandas frames. Both packages are imported when a frame is made, and not before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spanglass.query.errors import MissingPackage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa


def require(*packages: str) -> list[Any]:
    """The packages. Raises MissingPackage, which says what to install."""
    found = []
    for name in packages:
        try:
            found.append(import_module(name))
        except ImportError as error:
            msg = f"A frame needs {name}: pip install pandas pyarrow. Without them: Client.documents"
            raise MissingPackage(msg) from error
    return found


def table_from_stream(body: bytes) -> pa.Table:
    """The table of an Arrow IPC stream."""
    (pyarrow,) = require("pyarrow")
    with pyarrow.ipc.open_stream(body) as reader:
        return reader.read_all()


def frame_from_tables(
    tables: Sequence[pa.Table], *, exact_money: bool = False, limit: int | None = None
) -> pd.DataFrame:
    """The tables one below the other. Times are UTC, what is unknown is NaN or None, maps are dictionaries.

    Decimals (money) become floats; with ``exact_money`` they stay ``decimal.Decimal``.
    """
    pyarrow, _ = require("pyarrow", "pandas")
    table = pyarrow.concat_tables(tables, promote_options="permissive")
    table = table if limit is None else table.slice(0, limit)
    for place, field in enumerate(table.schema):
        if pyarrow.types.is_decimal(field.type) and not exact_money:  # by way of text: rounded once, to the nearest
            money = table.column(place).cast(pyarrow.string()).cast(pyarrow.float64())
            table = table.set_column(place, field.name, money)
    frame: pd.DataFrame = table.to_pandas(maps_as_pydicts="lossy")
    return frame
