"""Rows of the store into one file, day by day: memory stays small, and the file has its name only when it is complete."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from spanglass_store.queries import export
from spanglass_store.query import Filters, Query, Window

if TYPE_CHECKING:
    import pyarrow as pa

    from spanglass_store.connection import Store

Form = Literal["parquet", "jsonl", "csv"]
Advance = Callable[[int, int], None]
"""Told how many rows are written, and of how many."""

SERVER_FORMS: Final = {"jsonl": "JSONEachRow", "csv": "CSVWithNames"}
LATER_DAYS: Final = {"jsonl": "JSONEachRow", "csv": "CSV"}
"""From the second day on: the names are written once."""
ROW_GROUP_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into a file. ``columns``: empty for all."""

    table: export.Table
    project: str
    window: Window
    filters: Filters
    columns: Sequence[str] = ()

    def rows(self, window: Window, *, flat: bool) -> Query:
        """Those of ``window``."""
        return export.rows(self.table, self.project, window, self.filters, self.columns, flat=flat)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    path: Path
    rows: int
    size_bytes: int
    seconds: float


def write(store: Store, wanted: Wanted, path: Path, form: Form, advance: Advance) -> Written:
    """Write the file. One that is there is replaced when the new one is complete, and stays if it never is.

    Raises ValueError for an unknown column, StoreError, or OSError where the disk refuses.
    """
    began = time.monotonic()
    (extent,) = store.fetch_rows(export.extent(wanted.table, wanted.project, wanted.window, wanted.filters))
    days = export.days(_filled(wanted.window, extent["first_ns"], extent["last_ns"])) if extent["rows"] else []
    draft = path.with_name(f".{path.name}.part")
    try:
        put = _parquet if form == "parquet" else _text
        rows = put(store, wanted, days, draft, form, lambda rows: advance(rows, int(extent["rows"])))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return Written(path, rows, path.stat().st_size, time.monotonic() - began)


def _filled(window: Window, first_ns: int, last_ns: int) -> Window:
    """The part of ``window`` in which there are rows: one without an end has a day for each of centuries."""
    return Window(max(window.start_ns, first_ns), min(window.end_ns, last_ns + 1))


def _parquet(
    store: Store, wanted: Wanted, days: Sequence[Window], path: Path, _form: str, advance: Callable[[int], None]
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, held, writer = 0, [], None
    windows = days or [Window(wanted.window.start_ns, wanted.window.start_ns)]  # nothing still has columns
    try:
        for day in windows:
            with _arrow(store, wanted.rows(day, flat=False)) as reader:
                writer = writer or pq.ParquetWriter(path, reader.schema, compression="zstd")
                for batch in reader:
                    held.append(batch)
                    rows += batch.num_rows
                    if sum(each.nbytes for each in held) >= ROW_GROUP_BYTES:
                        writer.write_table(pa.Table.from_batches(held))
                        held = []
                        advance(rows)
        if held and writer:
            writer.write_table(pa.Table.from_batches(held))
        advance(rows)
    finally:
        if writer:
            writer.close()
    return rows


@contextmanager
def _arrow(store: Store, query: Query) -> Iterator[pa.RecordBatchStreamReader]:
    import pyarrow as pa

    with closing(store.chunks(query, form="ArrowStream")) as chunks:
        file = io.BufferedReader(_Chunks(chunks))  # it gives as many bytes as are asked for
        with pa.ipc.open_stream(file) as reader:
            yield reader


def _text(
    store: Store, wanted: Wanted, days: Sequence[Window], path: Path, form: str, advance: Callable[[int], None]
) -> int:
    count = _CsvLines() if form == "csv" else _lines
    rows, windows = -(form == "csv"), days or [Window(wanted.window.start_ns, wanted.window.start_ns)]
    with path.open("wb") as file:
        for number, day in enumerate(windows):
            server_form = (LATER_DAYS if number else SERVER_FORMS)[form]
            with closing(store.chunks(wanted.rows(day, flat=form == "csv"), form=server_form)) as chunks:
                for chunk in chunks:
                    file.write(chunk)
                    rows += count(chunk)
                    advance(rows)
    return rows


def _lines(chunk: bytes) -> int:
    return chunk.count(b"\n")


_NO_MARKS: Final = bytes(code for code in range(256) if code not in b'"\n')


class _CsvLines:
    """Counts lines that come in pieces; one within quotes is part of a value."""

    def __init__(self) -> None:
        self._is_quoted = False

    def __call__(self, chunk: bytes) -> int:
        ended = 0
        marks = chunk.translate(None, _NO_MARKS).replace(b'""', b"")  # values without a line's end are gone
        for number, part in enumerate(marks.split(b'"')):
            self._is_quoted ^= number > 0
            ended += 0 if self._is_quoted else part.count(b"\n")
        return ended


class _Chunks(io.RawIOBase):
    """Pieces of bytes as a file to read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
