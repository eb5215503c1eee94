"""Commands for the rules of what is not kept: `redaction check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spanglass_cli.errors import CommandError

redaction_app = typer.Typer(name="redaction", help="Rules of what the collector does not keep.", no_args_is_help=True)


@redaction_app.callback()
def _redaction() -> None:
    """Keep `check` a command of its own."""


@redaction_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The rules, as SPANGLASS_REDACTION_FILE names them.", dir_okay=False)],
    project: Annotated[str, typer.Option(help="Whose rules to try on a text.")] = "default",
    text: Annotated[str | None, typer.Option(help="A text to try the rules on; - reads standard input.")] = None,
) -> None:
    """Say whether the rules can be used, and what they make of a text. Exit code 1 if they cannot."""
    from spanglass_collector.errors import RulesRefused
    from spanglass_collector.metrics import Metrics
    from spanglass_collector.redaction import Redaction

    try:
        redaction = Redaction(file, Metrics())
    except RulesRefused as error:
        raise CommandError(str(error)) from error
    if text is None:
        for rule in redaction.rules:
            found = ", ".join([*rule.patterns, *rule.paths, *rule.presidio])
            print(f"{rule.name} ({', '.join(rule.projects)}): {found}")
        return
    said = sys.stdin.read() if text == "-" else text
    redactor = redaction.redactor_of(project)
    print(said if redactor is None else redactor.text(said))
