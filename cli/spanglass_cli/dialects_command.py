"""The command `dialects`: what becomes of every attribute in a file of OTLP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanglass_cli.errors import CommandError

if TYPE_CHECKING:
    from spanglass_collector.dialects.conformance import Group, Name


def dialects(
    file: Annotated[
        Path,
        typer.Argument(
            help="OTLP as protobuf or JSON, traces or log records, also one JSON document to a line, also gzipped."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say which attribute names in a file are understood, by which dialect and as what, and which are not.

    Contradictory: another attribute told the same field first, and something else. Ignored: no dialect knows it. Both are kept as attributes. Exit code 1 if the file cannot be read.
    """
    import orjson

    from spanglass_collector.dialects.conformance import groups_of
    from spanglass_collector.errors import Rejected
    from spanglass_collector.otlp_file import otlp_from_bytes

    try:
        held = otlp_from_bytes(file.read_bytes())
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror or error}"
        raise CommandError(msg) from error
    except Rejected as error:
        msg = f"{file} cannot be used as OTLP. {error}"
        raise CommandError(msg) from error
    groups = groups_of((*held.spans, *held.events))
    if as_json:
        told = {"spans": len(held.spans), "log_records": held.records, "groups": [*map(_document, groups)]}
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    print("\n\n".join(map(_text, groups)) or "Nothing in this file is told by a dialect.")


def _document(group: Group) -> dict[str, Any]:
    from spanglass_collector.dialects.conformance import VERDICTS

    return {
        "service": group.service,
        "scope": {"name": group.scope_name, "version": group.scope_version},
        "spans": group.spans,
        **{verdict: [_entry(*each) for each in _of_verdict(group, verdict)] for verdict in VERDICTS},
    }


def _entry(name: Name, spans: int) -> dict[str, Any]:
    told = {"name": name.name, "field": name.field, "dialect": name.dialect, "won_by": name.won_by}
    return {key: value for key, value in told.items() if value} | {"spans": spans}


def _text(group: Group) -> str:
    from spanglass_collector.dialects.conformance import VERDICTS

    title = " · ".join(
        filter(None, (group.service or "(no service)", f"{group.scope_name} {group.scope_version}".strip()))
    )
    lines = [f"{title} · {group.spans} {'span' if group.spans == 1 else 'spans'}"]
    for verdict in VERDICTS:
        if rows := [*_of_verdict(group, verdict)]:
            lines.append(f"  {verdict}")
            width = max(len(name.name) for name, _ in rows)
            lines += [f"    {name.name:<{width}}  {spans:>5}  {_said(name)}".rstrip() for name, spans in rows]
    return "\n".join(lines)


def _said(name: Name) -> str:
    """What a line says behind the name."""
    match name.verdict:
        case "understood":
            return f"{name.field or 'nothing that is not told elsewhere'} ({name.dialect})"
        case "contradictory":
            return f"{name.field} ({name.dialect}), lost to {name.won_by}"
    return f"not usable as {name.field} ({name.dialect})" if name.field else ""


def _of_verdict(group: Group, verdict: str) -> Iterator[tuple[Name, int]]:
    """Names with how many spans have them so, by name."""
    return ((name, spans) for name, spans in sorted(group.names.items()) if name.verdict == verdict)
