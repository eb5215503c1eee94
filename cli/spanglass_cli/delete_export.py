"""What is to be deleted, written to a file before: JSON, one record a line, each saying which table it is of."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from spanglass_cli.errors import CommandError
from spanglass_collector.api.documents import score_document, span_document
from spanglass_store.annotations import annotation_from_row
from spanglass_store.connection import Store
from spanglass_store.deletion import TABLES, Doomed, rows
from spanglass_store.rows import span_from_row
from spanglass_store.scores import score_from_row

Row = Mapping[str, Any]
DOCUMENTS: Final[Mapping[str, Callable[[Row], dict[str, Any]]]] = {
    "spans": lambda row: span_document(span_from_row(row)),
    "span_details": dict,
    "scores": lambda row: score_document(score_from_row(row)),
    "annotations": lambda row: asdict(annotation_from_row(row)),
}
"""A row as its record says it: spans and scores as the API does."""


def write_export(store: Store, doomed: Doomed, file: Path) -> int:
    """Write every row that is to go; how many. The file is readable by its owner only, and whole once it has its name.

    Raises CommandError where it is there already or cannot be written.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        if file.exists():
            msg = f"{file} is there already: nothing was written or deleted"
            raise CommandError(msg)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            written = 0
            for table in reversed(TABLES):
                for sheet in store.sheets(rows(table, doomed)):
                    for row in sheet.rows():
                        out.write(orjson.dumps({"table": table, **DOCUMENTS[table](row)}) + b"\n")
                    written += sheet.count
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror}"
        raise CommandError(msg) from error
    finally:
        draft.unlink(missing_ok=True)
    return written
