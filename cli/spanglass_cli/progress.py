"""How far a command is, on standard error: in place on a terminal, else a line now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable


def told(what: str) -> Callable[[int, int], None]:
    """A function to be told how many are done, of how many; ``what`` is said of them."""

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done:,} of {total:,} {what}", end="" if done < total else "\n", file=sys.stderr, flush=True)
        elif done:
            print(f"{done:,} of {total:,} {what}", file=sys.stderr, flush=True)

    return tell


def confirmed(question: str) -> None:
    """Return when a person says yes. Raises CommandError where nobody can be asked, typer.Abort at a no."""
    import typer

    from spanglass_cli.errors import CommandError

    if not sys.stdin.isatty():
        msg = "nothing is written without being asked: add --yes, or --dry-run"
        raise CommandError(msg)
    typer.confirm(question, abort=True)
